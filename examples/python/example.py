"""Creates an invoice in the background: python example.py http://127.0.0.1:8787, where erpmock listens."""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "generated"))

from erp_background.api.customer_invoice import create_customer_invoice
from erp_background.models import (
    CustomerInvoiceUpdate,
    CustomerInvoiceUpdateLine,
    DateValue,
    LineOperation,
    NumberValue,
    StringValue,
)

from background import Accepted, Background, Failed, Refused, SQLite, Succeeded, Uncertain


async def create_invoice(base_url: str, journal: Path) -> str:
    line = CustomerInvoiceUpdateLine(
        operation=LineOperation.INSERT, inventory_number=StringValue("SYK-01"), quantity=NumberValue(Decimal("2.5"))
    )
    invoice = CustomerInvoiceUpdate(
        customer_number=StringValue("10045"), document_date=DateValue("2026-09-01"), invoice_lines=[line]
    )
    request = create_customer_invoice._get_kwargs(erp_api_background="none", body=invoice)
    async with Background(base_url, journal=SQLite(journal)) as background:  # and token=Tokens(…) for the real ERP
        submitted = await background.submit("order-4711", request)
        match submitted:
            case Accepted(operation):
                async with asyncio.timeout(300):
                    end = await background.wait(operation)
                return f"created {end.headers['location'][0]}" if isinstance(end, Succeeded) else f"{end}"
            case Succeeded():  # it ran at once
                return f"created {submitted.headers['location'][0]}"
            case Failed() | Refused():  # it was not taken: mend it, and submit it again
                return f"not created: {submitted.message}"
            case Uncertain():  # never submit it again: look whether it is there
                return f"look for order-4711 in the ERP: {submitted.message}"


if __name__ == "__main__":
    print(asyncio.run(create_invoice(sys.argv[1], Path("journal"))))
