/**
 * What each event uses of things that are counted, as the code does it. Rows, calls and queries of renewals, of looks and of new secrets are
 * counted by test/secret-actor/billed.test.ts; milliseconds and the size of a log event are estimates, and say so.
 */

/** What one event uses. What is not named is none. */
export interface Usage {
  workerRequests?: number;
  workerCpuMs?: number;
  /** Calls of objects, and alarms. */
  objectRequests?: number;
  /** How long objects are awake, all together. */
  objectMs?: number;
  objectRowsRead?: number;
  objectRowsWritten?: number;
  d1Queries?: number;
  d1RowsRead?: number;
  d1RowsWritten?: number;
  /** A message is written, read and deleted. */
  queueOperations?: number;
  /** One for each invocation, which the platform writes, and one for each line of ours. */
  logEvents?: number;
}

/** How long a provider takes, in milliseconds. The object is awake, and billed, while it waits. */
export const PROVIDER_MS = 300;
/** Estimates: a query in D1 or a call of an object, there and back, and the little that is done besides. */
const CALL_MS = 25;
const WORK_MS = 5;
/** An estimate: a line of ours has some 450 bytes, and the platform adds to each event what it knows of the invocation. */
export const LOG_EVENT_BYTES = 1200;

/**
 * A renewal by the alarm, which finds all well. Rows written: the journal, the new state, the next alarm. Rows read: the record, whether an
 * alarm is set, the phase of the breaker; in D1 the client, and one more where it names an issuer. Awake: the client's look-up, the budget twice, the provider; what is idle can hibernate, and that
 * is not billed. Log: the alarm, two calls of the budget, our line.
 */
export const RENEWAL: Usage = {
  objectRequests: 3,
  objectMs: PROVIDER_MS + 3 * CALL_MS + 3 * WORK_MS,
  objectRowsRead: 3,
  objectRowsWritten: 3,
  d1Queries: 1,
  d1RowsRead: 1,
  logEvents: 4,
};

/** How many messages the queue of events hands over at once when there is much to do, as wrangler.toml says. */
const MESSAGES_AT_ONCE = 50;
/** What a delivery uses: up to which numbers its sources were heard, its events, and up to which numbers they are heard now. */
const DELIVERY: Usage = { workerRequests: 1, workerCpuMs: 5, d1Queries: 2, logEvents: 1 };
/** Rows that an event is in D1: itself, and its places in two indexes. */
export const ROWS_OF_EVENT = 3;

/** A message with so many events, and what becomes of it. Each source has a row with its last number; each event's place is looked up. */
function told(events: number): Usage {
  const part = (of: keyof Usage) => (DELIVERY[of] ?? 0) / MESSAGES_AT_ONCE;
  return {
    workerRequests: part("workerRequests"),
    workerCpuMs: part("workerCpuMs"),
    d1Queries: part("d1Queries"),
    d1RowsRead: 1 + 3 * events,
    d1RowsWritten: 1 + ROWS_OF_EVENT * events,
    queueOperations: 3,
    logEvents: part("logEvents"),
  };
}

/** The event of a renewal, which its actor tells by itself. */
export const RENEWAL_TOLD: Usage = told(1);
/** An estimate: an isolate reads for so many callers in the second for which it gathers. */
export const READS_AT_ONCE = 10;
/** The events of that many reads. */
export const READS_TOLD: Usage = told(READS_AT_ONCE);

/** One secret's part in a sweep: a fiftieth of two queries, its row and the place of that in an index, and a call of its actor. */
export const LOOK: Usage = {
  objectRequests: 1,
  objectMs: WORK_MS,
  objectRowsRead: 2,
  d1Queries: 2 / 50,
  d1RowsRead: 5,
  d1RowsWritten: 2,
  logEvents: 1,
};

/** A token read that the isolate answers from its memory. CPU: an estimate. Log: the invocation; reads share a line of ours (docs/decisions/0017). */
export const FROM_MEMORY: Usage = { workerRequests: 1, workerCpuMs: 1, logEvents: 1 };
/** One that the data centre's cache answers: what it holds has to be opened. */
const FROM_EDGE: Usage = { ...FROM_MEMORY, workerCpuMs: 2 };
/** One that the actor answers. The caller is looked up too: the key, and what contains its place. */
export const FROM_ORIGIN: Usage = {
  ...FROM_EDGE,
  objectRequests: 1,
  objectMs: WORK_MS,
  objectRowsRead: 1,
  d1Queries: 2,
  d1RowsRead: 4,
  logEvents: 2,
};

/**
 * Who answers a read. Reads come in runs, as five steps of a flow read the same token within the 30 seconds for which it is remembered: the
 * first goes to the actor, the others find it nearer.
 */
export const READS: readonly { share: number; usage: Usage }[] = [
  { share: 0.2, usage: FROM_ORIGIN },
  { share: 0.4, usage: FROM_EDGE },
  { share: 0.4, usage: FROM_MEMORY },
];

/** Making a secret with credentials in hand, once. Rows written in D1: the entry and its four indexes. */
export const CREATION: Usage = {
  workerRequests: 1,
  workerCpuMs: 5,
  objectRequests: 1,
  objectMs: 2 * CALL_MS,
  objectRowsRead: 1,
  objectRowsWritten: 4,
  d1Queries: 4,
  d1RowsRead: 10,
  d1RowsWritten: 5,
  logEvents: 3,
};
