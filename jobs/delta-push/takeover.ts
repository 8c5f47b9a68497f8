// delta-push takeover: from now on this machine is the one that pushes under the name, and everything is compared anew.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireYes } from '../steps/consent.ts';
import type * as parameters from './parameters.ts';
import { deltaApp } from './steps/delta-apps.ts';
import { randomHex, senderFiles } from './steps/sender-files.ts';
import { asOpsError } from './steps/trouble-words.ts';

interface TakenOver {
  app: string;
  source: string;
  receiver: string;
}

type Given = Options<typeof parameters.takeover>;

export async function run(context: JobContext, { app: name, yes }: Given): Promise<Outcome<TakenOver>> {
  const app = deltaApp(context, name);
  const { source, to } = app.delta;
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push takeover');
  void lock;
  const question = `From now on this machine pushes as ${source}, and whoever did so before is refused. Go on?`;
  if (!yes) await requireYes(context, question, { act: `take over ${source}` });
  const files = senderFiles(context.config.stateDirectory, app.name);
  // A copy of this machine has what we had: only a new instance is ours alone.
  const record = files.begin();
  using capture = await context.openCapture(app);
  using peer = await context.openPeer(app.delta);
  await files.spool.drop();
  await files.write(record);
  await peer.takeOver({ instance: record.instance, lineage: undefined }).catch((error: unknown) => {
    throw asOpsError(error, `take over ${source}`, to);
  });
  capture.beginEpoch(randomHex());
  return { result: { app: app.name, source, receiver: to.href }, findings: [] };
}

export function text({ app, source, receiver }: TakenOver): string[] {
  return [
    `${app}: this machine pushes as ${source} to ${receiver} from now on`,
    'the next cycles compare everything with what is there: delta-push run',
  ];
}
