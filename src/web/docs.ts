/** What the script of Swagger UI leaves behind; it was loaded before this one. */
declare const SwaggerUIBundle: (options: Record<string, unknown>) => unknown;

const dark = matchMedia('(prefers-color-scheme: dark)');
const showScheme = (): void => void document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', showScheme);
showScheme();

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#interface',
  deepLinking: true,
  docExpansion: 'list',
  // The key stays in the tab.
  persistAuthorization: false,
  // Nothing is asked of other servers.
  validatorUrl: null,
});
