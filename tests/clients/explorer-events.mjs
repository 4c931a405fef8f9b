// Subscribes in the explorer with a real browser: events are shown as they come, also after the server was restarted, until the person
// stops it. Prints a line for each check.
//
//   node explorer-events.mjs SETTINGS     JSON: url (of GraphQL), control (of the test), id (of a request that is changed)
//
// CHROMIUM names the browser (default /usr/bin/chromium).
import assert from 'node:assert/strict';
import process from 'node:process';
import { chromium } from 'playwright-core';
import { followed } from './followed.mjs';

const { url, control, id } = JSON.parse(process.argv[2]);
const { write, restart, check } = followed(control);
const patience = 60_000; // As explorer.mjs has it.

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const violations = [];
  await page.exposeFunction('reportViolation', (directive, what) => violations.push(`${directive} forbids ${what}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) => globalThis.reportViolation(event.effectiveDirective, event.blockedURI)));
  const answer = page.locator('.result-window');
  const shown = (text) => answer.getByText(`"${text}"`).first().waitFor();
  const isFollow = (request) => request.postDataJSON()?.operationName === 'Follow';
  const execute = page.getByRole('button', { name: /execute query/i });
  const stop = page.getByRole('button', { name: /stop/i });

  await check('The explorer subscribes with events, and shows where it begins', async () => {
    await page.goto(url);
    const editor = page.locator('.graphiql-query-editor .monaco-editor').first();
    await editor.getByText('NewestRequests').waitFor();
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.keyboard.type(`subscription Follow { onServiceRequestUpdated(id: "${id}") { kind status`);
    await page.waitForFunction(() => /status[\s}]*$/.test(localStorage.getItem('graphiql:query')));
    await answer.click(); // Leaving the editor closes its suggestions.
    const subscribed = page.waitForResponse((response) => isFollow(response.request()));
    await execute.click();
    assert.equal((await subscribed).headers()['content-type'], 'text/event-stream');
    await shown('RESYNC');
  });

  await check('Each change is shown when it comes', async () => {
    await write('ASSIGNED');
    await shown('ASSIGNED');
    await write('IN_PROGRESS');
    await shown('IN_PROGRESS');
    await shown('UPDATED');
    assert.equal(await answer.getByText('RESYNC').count(), 0, 'The last event is shown alone.');
  });

  await check('It comes back after a restart of the server', async () => {
    await restart('ASSIGNED');
    await shown('RESYNC');
    await write('IN_PROGRESS');
    await shown('IN_PROGRESS');
  });

  await check('The person stops it', async () => {
    const ended = page.waitForEvent('requestfailed', isFollow);
    await stop.click();
    await ended;
    await execute.waitFor();
  });
  assert.deepEqual(violations, [], 'The policy of the page forbids none of it.');
} finally {
  await browser.close();
}
