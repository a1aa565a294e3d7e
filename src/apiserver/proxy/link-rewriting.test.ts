import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pageRewriter, rewriteLink, rewriteLinks } from './link-rewriting.ts'

const prefix = '/api/v1/namespaces/default/pods/web/proxy'
const page = { prefix, backendHost: '10.244.1.2:80', requestHost: 'cluster.example:6443' }

describe('a link', () => {
  it.each([
    ['/about', `${prefix}/about`],
    ['/about/', `${prefix}/about/`],
    ['/', `${prefix}/`],
    ['/a/../b?q=1#top', `${prefix}/b?q=1#top`],
    ['about', 'about'],
    ['#top', '#top'],
    [`${prefix}/about`, `${prefix}/about`],
    ['https://elsewhere.example/about', 'https://elsewhere.example/about'],
    ['mailto:someone@example.com', 'mailto:someone@example.com'],
    ['http://10.244.1.2:80/about', `${prefix}/about`],
    ['//10.244.1.2:80/about', `${prefix}/about`],
    ['https://cluster.example:6443/about', `https://cluster.example:6443${prefix}/about`],
  ])('%s is %s behind the proxy', (link, behind) => {
    expect(rewriteLink(link, page)).toBe(behind)
  })
})

describe('of a page', () => {
  it.each([
    ['<a href="/rewriteme">test</a>', `<a href="${prefix}/rewriteme">test</a>`],
    ["<A Class=x HREF='/a?b=1&amp;c=2'>", `<A Class=x HREF="${prefix}/a?b=1&amp;c=2">`],
    ['<img src=/logo.png alt="/alt"/>', `<img src="${prefix}/logo.png" alt="/alt"/>`],
    ['<p title="/a">/a <b>&nbsp;</b></p>', '<p title="/a">/a <b>&nbsp;</b></p>'],
    ['<!-- <a href="/a"> --><a href="/b">', `<!-- <a href="/a"> --><a href="${prefix}/b">`],
    [
      '<script src="/a.js">"<a href=\'/b\'>"</script><a href="/c">',
      `<script src="${prefix}/a.js">"<a href='/b'>"</script><a href="${prefix}/c">`,
    ],
    ['<a title="a > b" href="/c">', `<a title="a > b" href="${prefix}/c">`],
    ['1 < 2, <a href="/c', '1 < 2, <a href="/c'],
  ])('%s becomes %s', (html, behind) => {
    expect(rewriteLinks(html, page)).toBe(behind)
  })

  it.each([
    ['text/html', undefined, true],
    ['text/html; charset=utf-8', 'gzip', true],
    ['text/html', 'br', false],
    ['text/plain', undefined, false],
    [undefined, undefined, false],
  ])('%s, coded as %s: %s', (contentType, coding, can) => {
    expect(pageRewriter(contentType, coding) !== undefined).toBe(can)
  })

  it('is coded as it was, and other letters are left alone', async () => {
    const html = Buffer.from('<a href="/ä">ü</a>')
    const written = await pageRewriter('text/html', 'gzip')!(gzipSync(html), page)
    expect(gunzipSync(written).toString()).toBe(`<a href="${prefix}/ä">ü</a>`)
  })
})
