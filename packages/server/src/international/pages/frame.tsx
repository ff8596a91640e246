/** The frame of the pages of this domain. */
import { defineSections } from '../../platform/ui/section-page.tsx';

export const renderInternationalPage = defineSections({
  current: 'international',
  label: 'Hosting countries',
  sections: [
    { key: 'notices', text: 'Notices', href: '/console/international/notices' },
    { key: 'hosting', text: 'Where is it hosted?', href: '/console/international/hosting' },
    { key: 'countries', text: 'Countries', href: '/console/international/countries' },
    { key: 'figures', text: 'Figures', href: '/console/international/figures' },
  ],
});
