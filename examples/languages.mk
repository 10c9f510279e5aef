# Targets of the programs in other languages, examples/typescript and its
# neighbours; included by the Makefile. Paths are relative to the root of the
# repository. Each language is a folder with a check.sh, which does from nothing
# what its README.md says: it gets its packages at the versions of the lock file,
# generates the client, lints, checks types, tests, and has `erpmock conformance`
# hold the client to the rules, which is compared with the table in
# openapi/README.md. examples/check says what is missing. A new language is a
# target here, and a column in openapi/tools/languages.

ERPMOCK := $(CURDIR)/.tools/languages/erpmock
CHECK := ERPMOCK=$(ERPMOCK) examples/check

.PHONY: languages languages-more lang-typescript lang-python lang-java lang-php lang-rust lang-csharp erpmock-binary clean-languages

LANGUAGES := typescript python java php

languages: $(LANGUAGES:%=lang-%) ## generate, test and hold to the rules the clients in other languages; UPDATE=1 writes their table
	@$(ERPMOCK) conformance --list | (cd openapi/tools && go run ./languages ../README.md $(wildcard $(LANGUAGES:%=$(CURDIR)/.tools/languages/%.xml)))

# Those that take long to build from nothing; not in check.
languages-more: lang-rust lang-csharp ## the clients in further languages, likewise

lang-typescript: erpmock-binary ## the client in TypeScript (needs Node.js and npm)
	@$(CHECK) typescript 'node npm' 'get Node.js 20 or later; on Debian: apt-get install nodejs npm'

lang-python: erpmock-binary ## the client in Python (needs Python 3.11 with venv)
	@$(CHECK) python python3 'get Python 3.11 or later; on Debian: apt-get install python3 python3-venv'

lang-java: erpmock-binary ## the client in Java (needs a JDK 17, Maven and curl)
	@$(CHECK) java 'javac mvn curl' 'get a JDK 17 or later, and Maven; on Debian: apt-get install default-jdk-headless maven curl'

lang-php: erpmock-binary ## the client in PHP (needs PHP 8.2 with Guzzle, PHPUnit, PHP_CodeSniffer, and Java)
	@$(CHECK) php 'php phpunit phpcs java curl' 'on Debian: apt-get install $(PHP) default-jre-headless curl'

PHP := php-cli php-curl php-mbstring php-xml php-sqlite3 php-guzzlehttp-guzzle phpunit php-codesniffer

lang-rust: erpmock-binary ## the client in Rust (needs cargo 1.89 with clippy and rustfmt)
	@$(CHECK) rust 'cargo cargo-clippy cargo-fmt cc' 'get Rust 1.89 or later from rustup.rs, and a C compiler'

lang-csharp: erpmock-binary ## the client in C# (needs Mono with NUnit, and npm)
	@$(CHECK) csharp 'mono mcs nunit-console npm' 'on Debian: apt-get install mono-devel nunit-console libnunit-cil-dev npm'

erpmock-binary:
	@go build -o $(ERPMOCK) ./mockserver/cmd/erpmock

clean: clean-languages
clean-languages:
	-@git clean -fdXq examples
