#!/usr/bin/env node
// A file that exists before the build, so that package managers can link it at install.
import "../dist/run.js";
