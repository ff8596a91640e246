/** An error on a public page: what happened and what to do, without the console around it. */
import { PROBLEMS, type GatehouseError } from '../../platform/errors.ts';
import { Title } from '../../platform/ui/components.tsx';
import { ROOT } from './address-rules.ts';
import { renderPublicPage } from './frame.tsx';

export function renderPublicError(error: GatehouseError): string {
  const { title } = PROBLEMS[error.code];
  return renderPublicPage({
    title,
    canonical: undefined,
    children: (
      <>
        <Title>{title}</Title>
        <p class="lead">{error.message}</p>
        <p>
          <a href={ROOT}>All recommendations</a>
        </p>
      </>
    ),
  });
}
