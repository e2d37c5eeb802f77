#!/usr/bin/env node
// The program is in `src/bin.ts`. This file exists before the first build, so that pnpm can link the command.
import "./dist/bin.js"
