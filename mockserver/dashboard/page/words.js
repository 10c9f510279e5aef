// How states are shown, and what the control's JSON looks like.

/** @typedef {import('../assets/ui.js').Tone} Tone */

/**
 * @typedef {{id: string, company: string, method: string, path: string, header: string, state: string, statusCode: number, errorMessage?: string,
 *   received: string, started?: string, ended?: string, stateReads: number, contentReads: number, attempts: number}} Operation
 * @typedef {{started?: string, ended?: string, headers?: Record<string, string[]>, statusCode: number, error?: string, duplicate?: boolean, replayed?: boolean, redelivery?: boolean}} Attempt
 * @typedef {{operationId: string, company: string, method: string, path: string, notificationId: string, mode: string, url: string, state: string,
 *   body?: string, bodyBase64?: string, attempts: Attempt[], fault?: string}} Delivery
 * @typedef {{method: string, path: string, headers: Record<string, string[]>, body?: string, bodyBase64?: string, background?: string, statusCode: number, fault?: string}} Logged
 * @typedef {{time: string, rule: string, point: string, method: string, path: string, operationId?: string, match: number}} Hit
 * @typedef {{action: string, from: string, to?: string, rate?: number}} Move
 * @typedef {{seq: number, number: number, time: string, company: string, kind: string, operationId?: string, request?: Logged, operation?: Operation, attempt?: Attempt, hit?: Hit, move?: Move}} Entry
 */

/**
 * @param {{state: string, statusCode: number}} op
 * @returns {[Tone, string]}
 */
export function stateOf(op) {
  switch (op.state) {
    case 'Queued': return ['wait', 'queued'];
    case 'Running': return ['run', 'running'];
    case 'Finished': return op.statusCode < 400 ? ['good', 'finished'] : ['bad', 'refused'];
    case 'Failed': return ['bad', 'failed'];
    case 'Expired': return ['gone', 'expired'];
  }
  return ['gone', op.state];
}

/**
 * @param {Delivery} d
 * @returns {[Tone, string]}
 */
export function deliveryOf(d) {
  switch (d.state) {
    case 'Waiting': return d.attempts.length ? ['doubt', 'to be tried again'] : ['wait', 'waiting'];
    case 'Held': return ['held', 'held'];
    case 'Delivered': return ['good', 'delivered'];
    case 'Dead': return ['bad', 'dead'];
    case 'Dropped': return ['gone', 'not sent'];
  }
  return ['gone', d.state];
}

/**
 * One line about an entry of the journal.
 * @param {Entry} e
 * @returns {[Tone, string, string]} what it is, and more about it
 */
export function told(e) {
  const { request: r, operation: op, attempt: a, hit: h, move: m } = e;
  if (r) return [r.statusCode >= 400 ? 'bad' : r.statusCode ? 'good' : 'wait', `${r.method} ${r.path}`, `${r.statusCode || 'not answered'}${r.background ? `, background: ${r.background}` : ''}${r.fault ? `, disturbed by ${r.fault}` : ''}`];
  if (op && e.kind === 'accepted') return ['wait', 'Queued', `${op.method} ${op.path}`];
  if (op && e.kind === 'started') return ['run', op.attempts > 1 ? `Leased by a worker, the ${op.attempts}th time` : 'Leased by a worker', `${op.method} ${op.path}`];
  if (op) return [stateOf(op)[0], op.state === 'Failed' ? 'Failed before or behind its endpoint' : `Executed and stored: the endpoint answered ${op.statusCode}`, op.errorMessage ?? ''];
  if (a) return attemptOf(a);
  if (h) return ['doubt', `Disturbed by ${h.rule}`, `at ${h.point}, match ${h.match}`];
  if (m) return ['held', `Clock: ${m.action}`, m.to ? `to ${m.to}` : m.rate ? `${m.rate} s a second` : ''];
  return ['gone', e.kind, ''];
}

/**
 * @param {Attempt} a
 * @returns {[Tone, string, string]}
 */
export function attemptOf(a) {
  const marks = [a.duplicate && 'sent twice by a fault', a.replayed && "with another operation's body", a.redelivery && 'asked for by hand'].filter(Boolean).join(', ');
  if (!a.started && !a.statusCode && !a.error) return ['gone', 'No notification is sent', marks];
  if (a.statusCode >= 200 && a.statusCode < 300) return ['good', `Notified: the receiver answered ${a.statusCode}`, marks];
  return ['bad', `Notification not taken: ${a.statusCode || 'no answer'}`, [a.error, marks].filter(Boolean).join(', ')];
}

/**
 * A request as a line for a shell. What authorizes it is not kept by the mock.
 * @param {Logged} r
 */
export function curlOf(r) {
  const left = /^(authorization|cookie|host|content-length|accept-encoding|connection|user-agent|origin|referer|sec-.*)$/i;
  const quoted = (/** @type {string} */ s) => `'${s.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl -i', r.method === 'GET' ? '' : `-X ${r.method}`];
  for (const [name, values] of Object.entries(r.headers)) if (!left.test(name)) for (const v of values) parts.push('-H ' + quoted(`${name}: ${v}`));
  if (r.body) parts.push('--data-raw ' + quoted(r.body));
  else if (r.bodyBase64) return `echo ${r.bodyBase64} | base64 -d | ${parts.filter(Boolean).join(' ')} --data-binary @- ${quoted(root + r.path)}`;
  return [...parts, quoted(root + r.path)].filter(Boolean).join(' ');
}

/** Where the ERP is: what the page's own place is below. */
export const root = new URL('..', document.baseURI).href.replace(/\/$/, '');
