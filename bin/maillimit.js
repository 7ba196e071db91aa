#!/usr/bin/env node
// Plain JavaScript on purpose: it must run on a Node that is too old for the rest, to say so.
import './check-node.js'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// Saves half of the start. Inside the checkout: a cache in a shared /tmp could be somebody else's code. Silently off where it cannot be written.
module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))

const { main } = await import('../src/main.ts')
process.exitCode = await main(process.argv.slice(2))
