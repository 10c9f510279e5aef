<?php

// Receives the notifications of a subscription: HOOK_INBOX=inbox HOOK_KEYS=whsec php -S 127.0.0.1:8080 hook.php

declare(strict_types=1);

use Background\Hook;
use Background\Inbox;

require __DIR__ . '/autoload.php';

$keys = explode(',', getenv('HOOK_KEYS') ?: throw new RuntimeException('HOOK_KEYS: want the signature keys'));
$path = getenv('HOOK_INBOX') ?: throw new RuntimeException('HOOK_INBOX: want the path of the inbox');
(new Hook(fn (string $id, string $body) => (new Inbox($path))->store($id, $body), $keys))->serve();
