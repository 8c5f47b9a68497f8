// The screen of this machine. The only importer of node-notifier, which is loaded where a desktop session exists.
import { errorMessage } from '../base/errors.ts';
import { type Channel, DeliveryFailure } from './channel.ts';
import { oneLine, plainLines, shorten } from './shorten.ts';

const patienceMs = 10_000;

/**
 * A notifier as node-notifier has it; without a callback it would fail in silence. It gives what the program wrote to stderr in the
 * place of an error, also where that is nothing, or a warning of a program that ended well.
 */
export interface ScreenNotifier {
  notify(
    notification: { title: string; message: string },
    callback: (error: Error | string | null) => void,
  ): unknown;
}

/** Never counts as told: nobody may sit there. `isThere` says whether there is a session to show it in. */
export function createDesktop(
  { isThere }: { isThere: boolean },
  load: () => Promise<ScreenNotifier> = loadNotifier,
): Channel {
  return {
    name: 'desktop',
    counts: false,
    setting: () => '',
    async send({ title, body }, signal) {
      if (!isThere) throw new DeliveryFailure('there is no desktop session here', { permanent: false });
      const notifier = await load();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      limit.addEventListener('abort', () => reject(new Error(`no answer within ${patienceMs / 1000} s`)), {
        once: true,
      });
      const message = shorten(plainLines(body).trim(), 1000);
      notifier.notify({ title: shorten(oneLine(title), 200), message }, (error) =>
        error instanceof Error ? reject(error) : resolve(),
      );
      await promise.catch((error: unknown) => {
        signal.throwIfAborted();
        throw new DeliveryFailure(`the desktop shows nothing: ${whyNot(error)}`, { permanent: false });
      });
    },
  };
}

/** What the program said last; before that stands the whole command, with the message in it. */
function whyNot(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === notFound)
    return 'notify-send is not installed; its package is libnotify-bin';
  const said = error instanceof Error ? error.message.trim().split('\n').at(-1) : undefined;
  return errorMessage(said ?? error);
}

/** Of a shell that does not find the program. */
const notFound = 127;

async function loadNotifier(): Promise<ScreenNotifier> {
  const { default: notifier } = await import('node-notifier');
  // Without its look for the program, which it takes only once for all that is ever sent. (Its types do not know the key.)
  const options: object = { suppressOsdCheck: true };
  return new notifier.NotifySend(options);
}
