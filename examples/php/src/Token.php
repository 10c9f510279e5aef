<?php

declare(strict_types=1);

namespace Background;

/** Where access tokens come from. */
interface Token
{
    /** Returns an access token; $renew asks for a new one, because the last was refused. */
    public function get(bool $renew): string;
}
