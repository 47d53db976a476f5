import type { StoredJob } from '../../catalog/catalog-audit.js';
import { messageOf } from '../../errors.js';
import { findJobKind } from '../jobs/index.js';
import type { CatalogCheck } from './check.js';
import type { Finding } from './finding.js';

/** What is wrong with a job that has not ended; nothing when it can be done. */
function examineJob({ id, kind: name, collection, input, checkpoint }: StoredJob): Finding | undefined {
  const subject = { jobId: id, collection };
  const kind = findJobKind(name);
  if (kind === undefined) return { code: 'job-kind-unknown', ...subject, detail: `got the kind ${name}` };
  try {
    kind.parse(JSON.parse(input));
  } catch (error) {
    return { code: 'job-input-odd', ...subject, detail: messageOf(error) };
  }
  const fault = kind.findFault(checkpoint === null ? null : JSON.parse(checkpoint));
  return fault === undefined ? undefined : { code: 'job-checkpoint-odd', ...subject, detail: fault };
}

/** Their pictures are looked at with those of the items. */
export const jobs: CatalogCheck = {
  name: 'jobs',
  what: 'what jobs that wait were given, and from where they go on',
  needs: 'catalog',
  async check({ audit, takeTurn, tell }) {
    for (const job of audit.listJobs()) {
      await takeTurn();
      const finding = examineJob(job);
      if (finding !== undefined) tell(finding);
    }
  },
};
