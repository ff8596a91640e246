/**
 * The label "Restricted to Adults" (RTA) of the Association of Sites Advocating Child Protection, which parental-control software reads. It says
 * something about content, not about a person, and is for pages that are meant for adults alone. Pure.
 */
const RTA = 'RTA-5042-1996-1400-1577-RTA';

export interface RatingLabel {
  readonly header: { readonly name: 'Rating'; readonly value: string };
  /** For `<head>`. */
  readonly meta: string;
}

export function rtaLabel(): RatingLabel {
  return { header: { name: 'Rating', value: RTA }, meta: `<meta name="rating" content="${RTA}">` };
}

export const LABEL_TARGETS = ['nginx', 'caddy', 'apache', 'express', 'html'] as const;
export type LabelTarget = (typeof LABEL_TARGETS)[number];

/** One line of configuration. */
export function writeLabel(target: LabelTarget): string {
  const { header, meta } = rtaLabel();
  const lines: Readonly<Record<LabelTarget, string>> = {
    // `always`: on error pages, too.
    nginx: `add_header ${header.name} "${header.value}" always;`,
    caddy: `header ${header.name} "${header.value}"`,
    apache: `Header always set ${header.name} "${header.value}"`,
    express: `app.use((request, response, next) => { response.setHeader('${header.name}', '${header.value}'); next(); });`,
    html: meta,
  };
  return lines[target];
}
