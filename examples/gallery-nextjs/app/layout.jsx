import './style.css';
import Link from 'next/link';

export const metadata = { title: { default: 'Gallery', template: '%s - Gallery' }, icons: { icon: 'data:,' } };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <header>
          <nav aria-label="Main">
            <Link href="/">Gallery</Link>
            <a href="/new">Add a picture</a>
          </nav>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
