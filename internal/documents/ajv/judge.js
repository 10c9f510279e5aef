// Judges values by ajv. Standard input has lines of JSON: first {"document": …}, a
// document with its schemas as JSON Schema 2020-12 has them, then
// {"schema": POINTER, "value": …}. For each of these it prints a line: "ok", or why not.
'use strict'
const Ajv = require('ajv/dist/2020')
const addFormats = require('ajv-formats')
const lines = require('node:readline').createInterface({ input: process.stdin })

// A pattern may be one of ECMA-262 with the flag u, or only without it.
const readers = [true, false].map((unicodeRegExp) => {
  const ajv = new Ajv({ strict: false, validateSchema: false, unicodeRegExp, logger: false })
  addFormats(ajv)
  for (const name of ['int32', 'int64', 'float', 'double', 'byte', 'binary', 'password']) ajv.addFormat(name, true)
  return ajv
})
const compiled = new Map()

function compile(schema) {
  let why
  for (const ajv of readers) {
    try {
      return ajv.compile({ $ref: 'https://document.example/#' + schema })
    } catch (e) {
      why ??= e
    }
  }
  return why
}

lines.on('line', (line) => {
  const { document, schema, value } = JSON.parse(line)
  if (document) {
    for (const ajv of readers) ajv.addSchema({ ...document, $id: 'https://document.example/' })
    return
  }
  if (!compiled.has(schema)) compiled.set(schema, compile(schema))
  const valid = compiled.get(schema)
  let verdict = 'ok'
  if (valid instanceof Error) verdict = 'no verdict: ' + valid.message
  else if (!valid(value)) verdict = JSON.stringify(valid.errors[0])
  process.stdout.write(verdict.replaceAll('\n', ' ') + '\n')
})
