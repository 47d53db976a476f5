import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The page loads from here alone; `blob:` and `data:` are for showing a picture that was just chosen. */
export const createSecurityHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever puts TLS in front decides this; over plain HTTP browsers ignore both and warn of the second.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
  });

/** For bytes that came from outside: should a browser ever take one for a document, nothing in it runs. */
export const storedBytesPolicy = "default-src 'none'; sandbox";
