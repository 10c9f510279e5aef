/** Creates an invoice in the background: node build/src/example.js http://127.0.0.1:8787, where erpmock listens. */
import { Background } from './background.js'
import { inFile, type Journal } from './journal.js'

export async function createInvoice(baseUrl: string, journal: Journal): Promise<string> {
  const background = new Background({ baseUrl, journal }) // and token: tokens(…) for the real ERP
  const submitted = await background.submit('order-4711', (erp) =>
    erp.POST('/v2/customerinvoice', {
      params: { header: { 'erp-api-background': 'none' } },
      body: {
        customerNumber: { value: '10045' },
        documentDate: { value: '2026-09-01' },
        invoiceLines: [{ operation: 'Insert', inventoryNumber: { value: 'SYK-01' }, quantity: { value: 2 } }],
      },
    }),
  )
  switch (submitted.outcome) {
    case 'accepted': {
      const end = await background.wait(submitted.operation, AbortSignal.timeout(300_000))
      return end.outcome === 'succeeded' ? `created ${end.headers.location}` : `${end.outcome}: ${end.message}`
    }
    case 'succeeded': // it ran at once
      return `created ${submitted.headers.location}`
    case 'failed':
    case 'refused': // it was not taken: mend it, and submit it again
      return `${submitted.outcome}: ${submitted.message}`
    case 'uncertain': // never submit it again: look whether it is there
      return `look for order-4711 in the ERP: ${submitted.message}`
  }
}

const [, program, baseUrl] = process.argv
if (import.meta.filename === program && baseUrl) console.log(await createInvoice(baseUrl, await inFile('journal')))
