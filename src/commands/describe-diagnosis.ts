import type { CheckOutcome } from '../gallery/doctor/examine-gallery.js';
import type { Finding } from '../gallery/doctor/finding.js';
import { type FindingCode, findingCatalogue } from '../gallery/doctor/finding-catalogue.js';
import type { Diagnosis } from '../gallery/doctor/run-doctor.js';
import { formatTable } from './format-table.js';

/** Of each code. */
const shownAlike = 5;

function describeCheck({ name, what, state, findings }: CheckOutcome): string[] {
  const counted = findings === 1 ? '1 finding' : `${findings} findings`;
  return [name, state === 'ok' ? 'ok' : state === 'findings' ? counted : 'not checked', what];
}

/** What a finding concerns, in the words that people call it by. */
function describeSubject({
  collection,
  itemId,
  key,
  jobId,
  keyId,
  table,
  rowId,
  setId,
  file,
}: Finding): string {
  const item = itemId === undefined ? undefined : `item ${itemId}${key === undefined ? '' : ` (${key})`}`;
  const parts = [
    collection,
    item,
    jobId === undefined ? undefined : `job ${jobId}`,
    keyId === undefined ? undefined : `key ${keyId}`,
    rowId === undefined ? undefined : `${table ?? 'row'} ${rowId}`,
    rowId === undefined && table !== undefined ? table : undefined,
    setId === undefined || item !== undefined || file !== undefined ? undefined : `set ${setId}`,
    file,
  ];
  return parts.filter(part => part !== undefined).join(', ');
}

const groupByCode = (findings: readonly Finding[]): Map<FindingCode, Finding[]> => {
  const groups = new Map<FindingCode, Finding[]>();
  for (const finding of findings) groups.set(finding.code, [...(groups.get(finding.code) ?? []), finding]);
  return groups;
};

function describeAlike(findings: readonly Finding[], count: number): string[] {
  const lines = findings.slice(0, shownAlike).map(finding => {
    const subject = describeSubject(finding);
    return `    ${subject === '' ? '' : `${subject}: `}${finding.detail}`;
  });
  if (count > lines.length) lines.push(`    and ${count - lines.length} more`);
  return lines;
}

/** What to do about findings of a code, after mending or before. */
function describeRemedy(code: FindingCode, isFixed: boolean): string[] {
  const { mend, advice } = findingCatalogue[code];
  const lines: string[] = [];
  if (!isFixed && mend !== null) lines.push(`  --fix ${mend.replaceAll('`', '')}`);
  if (advice !== null) lines.push(`  ${!isFixed && mend !== null ? 'else ' : 'to do: '}${advice}`);
  return lines;
}

function describeFindings({ findings, counts }: Diagnosis, isFixed: boolean): string[] {
  return [...groupByCode(findings)].flatMap(([code, alike]) => {
    const count = counts[code] ?? alike.length;
    const { severity, meaning } = findingCatalogue[code];
    return [
      '',
      `${severity} ${code} (${count}): ${meaning}`,
      ...describeAlike(alike, count),
      ...describeRemedy(code, isFixed),
    ];
  });
}

function describeMended(mended: readonly Finding[]): string[] {
  if (mended.length === 0) return [];
  const groups = [...groupByCode(mended)].flatMap(([code, alike]) => [
    `  ${code} (${alike.length}): ${findingCatalogue[code].meaning}`,
    ...describeAlike(alike, alike.length),
  ]);
  return ['', 'mended', ...groups];
}

function describeEnd({ findings, mended }: Diagnosis): string {
  if (findings.length > 0)
    return mended.length > 0 ? 'Some of it remains, as told above.' : 'Not all is well.';
  return mended.length > 0 ? 'All is mended.' : 'All is well.';
}

/** For people: a table of the checks, then what was found. */
export function describeDiagnosis(diagnosis: Diagnosis, { fix }: { readonly fix: boolean }): string {
  const notes = diagnosis.notes.slice(0, shownAlike).map(note => `  ${note}`);
  if (diagnosis.notes.length > notes.length)
    notes.push(`  and ${diagnosis.notes.length - notes.length} more`);
  return [
    formatTable([['check', 'result', 'what it looks at'], ...diagnosis.checks.map(describeCheck)]),
    ...describeMended(diagnosis.mended),
    ...describeFindings(diagnosis, fix),
    ...(notes.length > 0 ? ['', 'could not be mended', ...notes] : []),
    '',
    describeEnd(diagnosis),
  ].join('\n');
}
