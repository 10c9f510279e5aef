// How the phases of an operation are shown, and what acts are called.

/** @typedef {import('../assets/ui.js').Tone} Tone */

/**
 * @typedef {{ref: string, id?: string, key?: string, kind?: string, phase: string, succeeded: boolean, status?: string, statusCode?: number,
 *   method: string, path: string, why?: string, created: string, metadata?: Record<string, string>}} Row
 */

/**
 * @param {Row} r
 * @returns {[Tone, string]}
 */
export function stateOf(r) {
  switch (r.phase) {
    case 'queued': return ['wait', 'queued'];
    case 'sending': return ['run', 'sending'];
    case 'accepted': return ['run', r.status && r.status !== 'Started' ? r.status : 'accepted'];
    case 'settled': return r.succeeded ? ['good', 'settled'] : ['bad', 'failed'];
    case 'acknowledged': return r.succeeded ? ['good', 'done'] : ['gone', 'failed, taken'];
    case 'rejected': return ['bad', 'rejected'];
    case 'uncertain': return ['doubt', 'uncertain'];
    case 'unclear': return ['doubt', 'unclear'];
    case 'expired': return ['doubt', 'expired'];
    case 'dead': return ['bad', 'dead letter'];
    case 'abandoned': return ['gone', 'given up'];
  }
  return ['gone', r.phase];
}

/** @type {Record<string, {word: string, title: string, explain: string, reason?: boolean, danger?: boolean}>} */
export const acts = {
  ended: { word: 'It ended with…', title: 'It ended, and with this answer', explain: 'You have found in the ERP what it made, or how it failed. The key stays held, and the handler runs with this answer.', reason: true },
  accepted: { word: 'It is operation…', title: 'The ERP runs it as this operation', explain: 'The ERP is asked for it first, and the id is refused if it does not fit. Then it is awaited like any other.' },
  'not-accepted': { word: 'Not accepted', title: 'The ERP does not have it', explain: 'Its key is free, and the work can be submitted again. Be sure of it: if it was accepted after all, what is submitted again is there twice.', reason: true, danger: true },
  'give-up': { word: 'Give up', title: 'Nobody will find out', explain: 'The key is free again. If it was accepted, submitting the same work again makes a second invoice.', reason: true, danger: true },
  ask: { word: 'Ask the resolver', title: 'Ask the resolver now', explain: 'The service looks in the ERP by its own business key, if it has a resolver for this kind.' },
  poll: { word: 'Poll now', title: 'Ask the ERP for its state now', explain: 'It is one call.' },
  ack: { word: 'Acknowledge', title: 'The outcome was taken', explain: 'It is pending no longer. No handler runs for it.', danger: true },
  replay: { word: 'Replay', title: 'Back to its handler', explain: 'The handler runs again, with all its attempts.' },
  drop: { word: 'Drop', title: 'Nobody will handle it', explain: 'It counts as taken. Nothing changes at the ERP, and the key stays held.', reason: true, danger: true },
  withdraw: { word: 'Withdraw', title: 'Take it out of the outbox', explain: 'Nothing was sent. Its key is free, and its sequence goes on without it.', reason: true, danger: true },
  skip: { word: 'Skip in its sequence', title: 'The sequence goes on behind it', explain: 'The next one is sent, whatever became of this one.', reason: true, danger: true },
  retry: { word: 'Send again', title: 'Send it again, in its place', explain: 'Refused for one that may have been accepted.', reason: true },
};
