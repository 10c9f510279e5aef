"""These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from erp_background.api.customer_invoice import create_customer_invoice, list_customer_invoices, update_customer_invoice
from erp_background.models import (
    CustomerInvoice,
    CustomerInvoiceUpdate,
    CustomerInvoiceUpdateLine,
    DateValue,
    LineOperation,
    NumberValue,
    StringValue,
)

import example
from background import Accepted, Background, Ended, Failed, Poll, Succeeded, Uncertain
from background.webhook import Hook, handler, to_subscription, to_url


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    program = os.environ.get("ERPMOCK", "erpmock")
    if not shutil.which(program):
        pytest.fail(f"no {program}: go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest")
    options = ["--listen", "127.0.0.1:0", "--quiet", "--exec-time", "20ms"]
    with subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True) as mock:
        assert mock.stdout
        yield mock.stdout.readline().split()[-1]  # erpmock listens on http://127.0.0.1:40123
        mock.terminate()


class Company(httpx.AsyncHTTPTransport):
    """A company of its own, so that tests do not disturb each other; everything about it goes through here."""

    def __init__(self, root: str, id: str) -> None:
        super().__init__()
        self.root, self.id = root, id
        self.background = Background(root, poll=Poll(0.01, 1.5, 0.1), transport=self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["ipp-company-id"] = self.id
        return await super().handle_async_request(request)

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = httpx.request(method, f"{self.root}/__mock/v1{path}", json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def run(self, request: dict[str, Any]) -> Ended:
        async with self.background as background:
            submitted = await background.submit("order-1", request)
            assert isinstance(submitted, Accepted), submitted
            return await background.wait(submitted.operation)


def create_invoice(notify: str = "none", price: str = "1") -> dict[str, Any]:
    line = CustomerInvoiceUpdateLine(
        operation=LineOperation.INSERT,
        inventory_number=StringValue("SYK-01"),
        quantity=NumberValue(Decimal(2)),
        unit_price_in_currency=NumberValue(Decimal(price)),
    )
    invoice = CustomerInvoiceUpdate(
        customer_number=StringValue("10045"), document_date=DateValue("2026-09-01"), invoice_lines=[line]
    )
    return create_customer_invoice._get_kwargs(body=invoice, erp_api_background=notify)


def test_the_example_creates_an_invoice_once(root: str, tmp_path: Path) -> None:
    for _ in range(2):
        said = asyncio.run(example.create_invoice(root, tmp_path / "journal"))
        assert re.fullmatch("created http.*/v1/customerinvoice/003549", said)


def test_an_invoice_is_created_and_its_number_told(root: str) -> None:
    end = asyncio.run(Company(root, "1").run(create_invoice()))
    assert isinstance(end, Succeeded)
    number = end.headers["location"][0].rpartition("/")[2]
    assert number.isdigit()


def test_amounts_keep_their_digits_both_ways(root: str) -> None:
    company = Company(root, "2")
    asyncio.run(company.run(create_invoice(price="1234567890123456.07")))
    sent = company.control("GET", "/journal?company=2&kind=request")["entries"][0]["request"]["body"]
    assert '"unitPriceInCurrency":{"value":1234567890123456.07}' in sent

    again = Company(root, "2")
    end = asyncio.run(again.run(list_customer_invoices._get_kwargs(erp_api_background="none", page_size=3)))
    assert isinstance(end, Succeeded)
    assert end.content
    invoices = [CustomerInvoice.from_dict(one) for one in end.content.json()]
    assert [type(invoice.amount) for invoice in invoices] == [Decimal] * 3


def test_an_end_that_the_erp_refused_is_a_failure_with_its_message(root: str) -> None:
    change = CustomerInvoiceUpdate(note=StringValue("x"))
    request = update_customer_invoice._get_kwargs("nobody", body=change, erp_api_background="none")
    end = asyncio.run(Company(root, "3").run(request))
    assert isinstance(end, Failed)
    assert (end.status_code, end.message != "") == (404, True)


def test_a_lost_answer_is_uncertain_and_nothing_is_sent_again(root: str) -> None:
    company = Company(root, "4")
    company.control(
        "POST", "/faults", {"rules": [{"on": "intake", "company": "4", "do": {"process": True, "drop": True}}]}
    )

    async def twice() -> list[object]:
        async with company.background as background:
            return [await background.submit("order-1", create_invoice()) for _ in range(2)]

    assert [type(submitted) for submitted in asyncio.run(twice())] == [Uncertain, Uncertain]
    company.control("POST", "/verify", {"expectations": [{"request": {"company": "4", "method": "POST"}, "times": 1}]})


@pytest.mark.parametrize("signed", [False, True], ids=["by a secret address", "signed by the subscription"])
def test_a_webhook_wakes_the_wait(root: str, signed: bool) -> None:
    company = Company(root, "6" if signed else "5")
    company.background = Background(root, poll=Poll(3600, 1, 3600), transport=company)
    told = []

    async def play() -> None:
        loop = asyncio.get_running_loop()

        def store(id: str, body: str) -> None:
            told.append(json.loads(body)["id"])
            loop.call_soon_threadsafe(company.background.notified, id)

        hooks = handler(Hook("/hook/4bTq9", store), Hook("/signed", store, keys=["whsec"]))
        with ThreadingHTTPServer(("127.0.0.1", 0), hooks) as server:
            threading.Thread(target=server.serve_forever).start()
            address = f"http://127.0.0.1:{server.server_port}"
            company.control(
                "PUT", f"/subscription?company={company.id}", {"url": f"{address}/signed", "signingKey": "whsec"}
            )
            notify = to_subscription([("order", "4711")]) if signed else to_url(f"{address}/hook/4bTq9")
            try:
                assert isinstance(await company.run(create_invoice(notify)), Succeeded)
                forged = await asyncio.to_thread(httpx.post, f"{address}/signed", headers={"x-vwd-signature-v1": "x"})
                assert forged.status_code == 401
            finally:
                await asyncio.to_thread(server.shutdown)

    asyncio.run(asyncio.wait_for(play(), 30))
    assert len(told) == 1
