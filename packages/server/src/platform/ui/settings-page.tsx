/** Every setting with where its value comes from. Values arrive masked from `config.ts`; secrets are never here. */
import type { SettingView } from '../config.ts';
import type { Principal } from '../http/rights.ts';
import { Table, Tag, Title, Words, type Column } from './components.tsx';
import { renderPage } from './page.tsx';

const COLUMNS: readonly Column<SettingView>[] = [
  {
    heading: 'Setting',
    isRowHeading: true,
    cell: (view) => (
      <>
        <code>{view.key}</code>
        <br />
        <span class="quiet">
          <code>{view.env}</code>
        </span>
      </>
    ),
  },
  {
    heading: 'Value',
    cell: (view) => (
      <>
        <code>{view.value}</code>
        {view.source === 'default' ? null : (
          <>
            <br />
            <Tag colour="blue">{view.source}</Tag>
            <br />
            <span class="quiet">
              default: <code>{view.fallback}</code>
            </span>
          </>
        )}
      </>
    ),
  },
  { heading: 'What it does', cell: (view) => <Words text={view.about} /> },
];

export function renderSettingsPage(views: readonly SettingView[], principal: Principal): string {
  const changed = views.filter((view) => view.source !== 'default');
  return renderPage({
    title: 'Settings',
    principal,
    current: 'settings',
    children: (
      <>
        <Title>Settings</Title>
        <p>
          Set a value as an environment variable or in the JSON file that <code>GATEHOUSE_CONFIG_FILE</code> names, and start Gatehouse again. Secrets read
          “(set)” or “(not set)” and are never shown. A value without a label is the default.
        </p>
        <h2>Not at their defaults</h2>
        <Table caption="Settings that were changed" isCaptionHidden columns={COLUMNS} rows={changed} empty="Every setting has its default." />
        <h2>All settings</h2>
        <Table caption="All settings" isCaptionHidden columns={COLUMNS} rows={views} empty="There are no settings." />
      </>
    ),
  });
}
