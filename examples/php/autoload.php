<?php

// Loads the classes of the example, the generated ones, and Guzzle: by Composer, or as Debian installs it.

declare(strict_types=1);

if (is_file(__DIR__ . '/vendor/autoload.php')) {
    require __DIR__ . '/vendor/autoload.php';
} else {
    require 'GuzzleHttp/autoload.php';
    spl_autoload_register(function (string $class): void {
        $folders = ['Background\\' => 'src', 'Erp\\' => 'generated/lib', 'Example\\' => 'example'];
        foreach ($folders as $prefix => $folder) {
            $path = __DIR__ . "/$folder/" . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
            if (str_starts_with($class, $prefix) && is_file($path)) {
                require $path;
            }
        }
    });
}
