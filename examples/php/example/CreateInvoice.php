<?php

declare(strict_types=1);

namespace Example;

use Background\Accepted;
use Background\Background;
use Background\Failed;
use Background\Journal;
use Background\Notify;
use Background\Refused;
use Background\Succeeded;
use Background\Uncertain;
use Erp\Api\CustomerInvoiceApi;
use Erp\Configuration;
use Erp\Model\CustomerInvoiceUpdate;
use Erp\Model\CustomerInvoiceUpdateLine;
use Erp\Model\DateValue;
use Erp\Model\LineOperation;
use Erp\Model\NumberValue;
use Erp\Model\StringValue;

/** Creates an invoice in the background. */
final class CreateInvoice
{
    public static function run(string $baseUrl, string $journal): string
    {
        $invoice = new CustomerInvoiceUpdate([
            'customer_number' => new StringValue(['value' => '10045']),
            'document_date' => new DateValue(['value' => '2026-09-01']),
            'invoice_lines' => [new CustomerInvoiceUpdateLine([
                'operation' => LineOperation::INSERT,
                'inventory_number' => new StringValue(['value' => 'SYK-01']),
                'quantity' => new NumberValue(['value' => 2.5]),
            ])],
        ]);
        $api = new CustomerInvoiceApi(config: (new Configuration())->setHost($baseUrl));
        $background = new Background($baseUrl, new Journal($journal)); // and token: new Tokens(…) for the real ERP
        $end = $background->submit('order-4711', $api->createCustomerInvoiceRequest(Notify::NONE, $invoice));
        if ($end instanceof Accepted) {
            $end = $background->await($end->operation, 300);
        }
        return match (true) {
            $end instanceof Succeeded => "created {$end->headers['location'][0]}",
            $end instanceof Failed, $end instanceof Refused => "not created: $end->message",
            // Never submit it again: look whether it is there.
            $end instanceof Uncertain => "look for order-4711 in the ERP: $end->message",
            default => "look what became of order-4711: $end->message",
        };
    }
}
