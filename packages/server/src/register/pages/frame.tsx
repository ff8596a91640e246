/** The frame of the pages of this domain in the console. */
import { defineSections } from '../../platform/ui/section-page.tsx';

export const renderRegisterPage = defineSections({
  current: 'register',
  label: 'Register',
  sections: [
    { key: 'recommendations', text: 'Recommendations', href: '/console/register' },
    { key: 'review', text: 'Drafts and review', href: '/console/register/review' },
    { key: 'checks', text: 'Checks', href: '/console/register/checks' },
    { key: 'exchange', text: 'Import and export', href: '/console/register/exchange' },
  ],
});
