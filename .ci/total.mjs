// The last line: how many tests passed and failed, over all reports of the runner in a folder. Fails when one failed or
// none ran.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const [folder] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"))
  passed += report.numPassedTests
  failed += report.numFailedTests
  // A file that cannot even be loaded has no test to fail: the file counts.
  failed += report.testResults.filter((result) =>
    result.status === "failed" && !result.assertionResults.some((test) =>
      test.status === "failed"
    )
  ).length
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
