<?php

declare(strict_types=1);

namespace Background;

/** It took longer than it was waited for. It can be awaited again. */
final class NotEnded extends \RuntimeException
{
}
