// The tables of ops.db about row changes, in words.
import { ofRun, type TableWords } from './table.ts';

export const tablesOfRows: readonly TableWords[] = [
  {
    name: 'batches',
    description: 'One row for each batch of row changes that was sent from here, or came here.',
    newestBy: 'at',
    label: 'source',
    facets: ['direction', 'subject', 'source', 'outcome'],
    columns: {
      id: 'in the order in which they were noted',
      at: 'when it was answered, UTC',
      run_id: `${ofRun}, where that was one that ends; else an id of its own`,
      direction: 'sent or received',
      subject: 'the app whose rows were sent, or the replica that took them',
      source: 'the source, by the name of its key',
      epoch: 'the stream of batches that it belongs to',
      batch_no: 'its number in that',
      size_bytes: 'its size on the way, in bytes',
      outcome: 'applied, refused (it would be again), failed (the next try may bring it)',
      upserts: 'rows that were taken in',
      deletes: 'deletions that were taken in',
      unchanged: 'rows that were there already, the same',
      held: 'changes that were kept back, for a person to decide',
      anomalies: 'stamps that went backwards, and were applied',
      refused_tables: 'tables of which nothing was taken, with spaces between them',
      reason: 'why it was not applied',
    },
  },
  {
    name: 'replicas',
    description: 'One row for each replica that rows arrive in: when its receiver looked at it last.',
    newestBy: 'at',
    label: 'replica',
    columns: {
      replica: 'the replica, as in the configuration',
      at: 'when it was looked at last, UTC: about once a minute while delta-receive runs',
      away_since: 'since when it cannot be used, UTC; empty where it can',
      problem: 'why',
    },
  },
  {
    name: 'replica_sources',
    description: 'One row for each source that may feed a replica: where it stands.',
    newestBy: 'last_seen_at',
    label: 'source',
    facets: ['replica'],
    columns: {
      replica: 'the replica: replicas.replica',
      source: 'the source, by the name of its key',
      last_batch_at: 'when its last batch came, UTC; empty where none ever did',
      last_taken_at: 'when the rows of that were read there, by its own clock, UTC',
      last_seen_at: 'when it was heard of last, with or without a batch, UTC',
      batches: 'how many of them were applied, ever',
      rows: 'how many changes were in them',
      resyncing: '1 while it sends all its rows anew',
    },
  },
  {
    name: 'replica_held',
    description:
      'What is held in replicas, for a person to decide: one row for each source, table, reason and day. The changes themselves: delta-receive held.',
    newestBy: 'last_seen',
    label: 'reason',
    facets: ['replica', 'source', 'table_name', 'reason'],
    columns: {
      replica: 'the replica: replicas.replica',
      source: 'who sent it',
      table_name: 'the table',
      reason:
        'frozen-day, no-day (nobody can tell its day), mass-deletion, clock (its time lies ahead) or unfit (the replica cannot hold it)',
      day: 'the service day; empty where it has none, or nobody can tell',
      changes: 'how many rows it is about',
      first_seen: 'when the first of them came, UTC',
      last_seen: 'when the last of them came, UTC',
    },
  },
];
