import * as read from './read.js'

export interface Credentials {
  /** https://connect.visma.com/connect/token for the vendor's. */
  tokenUrl: string
  clientId: string
  clientSecret: string
  /** That of the company; with that of the customer a token is given, which the ERP then refuses. */
  tenantId: string
  scope: string
}

/** Gets tokens by client credentials, for `Config.token`: one request for all who wait, anew before it runs out. */
export function tokens(credentials: Credentials): (renew: boolean) => Promise<string> {
  let current = { token: '', until: 0 }
  let asking: Promise<typeof current> | undefined
  return async (renew) => {
    if (!renew && current.until > Date.now()) return current.token
    asking ??= fetchToken(credentials).finally(() => {
      asking = undefined
    })
    current = await asking
    return current.token
  }
}

async function fetchToken({ tokenUrl, clientId, clientSecret, tenantId, scope }: Credentials) {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    redirect: 'error', // the secret goes nowhere else
    signal: AbortSignal.timeout(30_000),
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      tenant_id: tenantId,
      scope,
    }),
  })
  const body = await response.text()
  const all = read.fields(body) ?? {}
  const token = read.scalar(all.access_token)
  if (!response.ok || !token)
    throw new Error(`the token endpoint answered ${response.status}: ${read.message(body).message}`)
  const seconds = Number(all.expires_in) || 3600
  return { token, until: Date.now() + (seconds - Math.min(60, seconds / 10)) * 1000 }
}
