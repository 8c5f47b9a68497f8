// A world whose commands run in this process, each a minute after the one before: no two backups have one second, and
// time passes when the test says so.
import type { Job } from '../../lib/run/job.ts';
import { allJobs } from '../../units/install/all-jobs.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';
import { runInProcess } from './in-process.ts';
import { type Ended, type RunOptions, World } from './world.ts';

const minute = 60_000;

/** The job of each command. */
export const jobs: Record<string, Job> = Object.fromEntries(allJobs.map((job) => [job.name, job]));

export class TypedWorld extends World {
  readonly clock: FixedClock;

  /** Time begins at `start`: unless given, tomorrow night, by when nobody has touched a file of today for long. */
  constructor(start = tomorrowNight()) {
    super();
    this.clock = fixedClock(start);
  }

  /** Types a command, with the variables of the world and of `options` alone. */
  override async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const job = jobs[command];
    if (job === undefined) throw new Error(`there is no job ${command}`);
    this.clock.advance(minute);
    const environment = { HOLDFAST_CONFIG: this.config, ...options.environment };
    // A clock of its own: while it runs, another command may be typed, and its minute is none of this one's.
    const clock = fixedClock(this.clock.now().toISOString());
    const { attended = false, input = '' } = options;
    return runInProcess(job, args, { clock, environment, attended, input });
  }

  /** The same as a person at a terminal, who sees how it ends. */
  attend(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.run(command, args, { ...options, attended: true });
  }
}

function tomorrowNight(): string {
  const tomorrow = new Date(Date.now() + 24 * 60 * minute).toISOString();
  return `${tomorrow.slice(0, 10)}T02:05:13Z`;
}
