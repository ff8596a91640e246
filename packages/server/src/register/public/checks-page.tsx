/** `/register/_checks`: every check, and how to check it oneself. */
import { CodeBlock, Title } from '../../platform/ui/components.tsx';
import type { CheckState } from '../checks/schema.ts';
import { CHECKS } from './address-rules.ts';
import { ChecksTable } from './checks-table.tsx';
import { renderPublicPage } from './frame.tsx';

export function renderChecksPage(checks: readonly CheckState[], publicUrl: string): string {
  return renderPublicPage({
    title: 'Checks',
    canonical: `${publicUrl}${CHECKS}`,
    current: 'checks',
    children: (
      <>
        <Title>Checks</Title>
        <p class="lead">What this installation tests about itself, every hour. A claim that rests on a check falls when the check does.</p>
        <p>
          A check passes only from data that are new enough; where there are none it fails. A result that is older than a day is out of date. What passes here
          shows what this service does, and nothing about others.
        </p>
        <ChecksTable checks={checks} empty="There are no checks." />
        <section aria-labelledby="prove">
          <h2 id="prove">How to check a result yourself</h2>
          <p>
            “Run” is the exact text of the run, and its SHA-256 stands in the entry of the log. “Entry” is that entry with a proof (C2SP tlog-proof) that it is
            in the log. The key of the log comes from the operator, by another way than this page.
          </p>
          <CodeBlock label="Command that prints the SHA-256">sha256sum run.json</CodeBlock>
        </section>
      </>
    ),
  });
}
