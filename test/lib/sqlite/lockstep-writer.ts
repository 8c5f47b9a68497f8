// Another process at a database: does what it is told, one command at a time, and answers each.
//   lockstep-writer.ts <fifo of commands> <fifo of answers>
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Answer, Command } from './lockstep.ts';

const [commandsPath = '', answersPath = ''] = process.argv.slice(2);
let database: Database.Database | undefined;

const answers = openSync(answersPath, 'r+'); // not 'w', which would wait for a reader
console.log('ready');
const commands = openSync(commandsPath, 'r');
for (const line of linesOf(commands)) {
  writeSync(answers, `${JSON.stringify(answerTo(JSON.parse(line) as Command))}\n`);
}
database?.close();
closeSync(answers);

function answerTo(command: Command): Answer {
  try {
    return { value: run(command) ?? null };
  } catch (error) {
    return { code: (error as { code?: string }).code ?? String(error) };
  }
}

function run(command: Command): unknown {
  switch (command.do) {
    case 'open':
      database = new Database(command.path, { timeout: 0 });
      return undefined;
    case 'close':
      return void database?.close();
    case 'exec':
      return void database?.exec(command.sql);
    case 'get':
      return database?.prepare(command.sql).pluck().get();
  }
}

/** Line by line, waiting for each: nothing else happens in this process. */
function* linesOf(file: number): Generator<string> {
  const block = Buffer.alloc(65_536);
  let text = '';
  for (;;) {
    const bytes = readSync(file, block);
    if (bytes === 0) return;
    text += block.toString('utf8', 0, bytes);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
