<?php

// Creates an invoice in the background: php example.php http://127.0.0.1:8787, where erpmock listens.

declare(strict_types=1);

require __DIR__ . '/autoload.php';

echo Example\CreateInvoice::run($argv[1], 'journal'), "\n";
