// Prints the end of the summary of `.ci/run`: each failed test with the first lines of its error, then the numbers of passed
// and failed tests. It reads all reports of the test runner in a folder. It fails if a test failed or if none passed.
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"

const [folder] = process.argv.slice(2)
const failures = []
let passed = 0
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"))
  passed += report.numPassedTests
  for (const result of report.testResults.filter(({ status }) => status === "failed")) {
    const failed = result.assertionResults.filter(({ status }) => status === "failed")
    const addFailure = (title, message) =>
      failures.push(`${basename(file, ".json")}: ${basename(result.name)} > ${title}\n${firstLines(message)}`)
    for (const test of failed) addFailure(test.fullName, test.failureMessages.join("\n"))
    // A file that cannot be loaded has no failed test, so the file itself counts as one.
    if (failed.length === 0) addFailure("the file itself", result.message ?? "")
  }
}

function firstLines(message) {
  return message.split("\n").slice(0, 4).map((line) => `    ${line}`).join("\n")
}

for (const failure of failures) console.log(`FAILED  ${failure}\n`)
console.log(`${passed} passed, ${failures.length} failed`)
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0
