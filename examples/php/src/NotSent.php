<?php

declare(strict_types=1);

namespace Background;

/** Nothing was sent: the work may be submitted again. */
final class NotSent extends \RuntimeException
{
}
