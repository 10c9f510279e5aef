<?php

declare(strict_types=1);

namespace Background;

/** Something was sent, and no answer came. */
final class NoAnswer extends \RuntimeException
{
}
