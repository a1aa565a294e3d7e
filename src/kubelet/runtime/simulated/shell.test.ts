import { describe, expect, test } from 'vitest'
import { virtualEnv } from '../../../machinery/env/virtual-env.ts'
import { nothingMounted, SimulatedFiles } from './files.ts'
import { isSimulated, runCommands } from './shell.ts'
import { parseScript } from './shell-syntax.ts'

/** Runs the script for as long as it takes, or for a time, and tells what it did. */
async function run(script: string, options: { for?: number } = {}) {
  const env = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
  const start = env.clock.now()
  const abort = new AbortController()
  let stdout = ''
  let stderr = ''
  let ended: { code: number; after: number } | undefined
  const files = new SimulatedFiles([], nothingMounted, { '/srv/file': 'content\n', '/srv/sub/other': '' })
  const running = runCommands(parseScript(script), new Map([['NAME', 'k8ts']]), {
    clock: env.clock,
    hostname: 'web-0',
    workingDirectory: '/srv',
    signal: abort.signal,
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    writeBytes() {},
    files,
  }).then(
    code => {
      ended = { code, after: env.clock.now() - start }
    },
    () => {},
  )
  await env.clock.advance(options.for ?? 86_400_000)
  abort.abort(new Error('over'))
  await running
  return { stdout, stderr, code: ended?.code, after: ended?.after }
}

describe('what scripts print', () => {
  test.each([
    ['echo hello', 'hello\n'],
    ['echo -n hello', 'hello'],
    ['echo -e "a\\tb"', 'a\tb\n'],
    [`echo 'single $NAME' "double $NAME" bare$NAME \${NAME}s`, 'single $NAME double k8ts barek8ts k8tss\n'],
    ['echo "a;b && c" # a comment', 'a;b && c\n'],
    ['echo a#b', 'a#b\n'],
    ['echo one; echo two\necho three', 'one\ntwo\nthree\n'],
    ['true && echo yes || echo no', 'yes\n'],
    ['false && echo yes || echo no', 'no\n'],
    ['printf "%s=%d\\n" a 1', 'a=1\n'],
    ['hostname; pwd', 'web-0\n/srv\n'],
    ['cat file /srv/file', 'content\ncontent\n'],
    ['GREETING=hi; echo $GREETING', 'hi\n'],
    ['printenv NAME', 'k8ts\n'],
    ['date', 'Thu, 01 Jan 2026 00:00:00 GMT\n'],
    ['for x in a b; do echo $x; done', 'a\nb\n'],
    ['if false; then echo then; else echo else; fi', 'else\n'],
    ['echo "it is $(hostname)"', 'it is web-0\n'],
    ['sh -c "echo inner"', 'inner\n'],
    ['i=3; i=$((i * 2 + 1)); echo $i', '7\n'],
    ['exec echo done', 'done\n'],
    ['ls', 'file\nsub\n'],
    ['ls sub file', 'other\nfile\n'],
    ['mkdir -p new/deep && ls new', 'deep\n'],
    ['for path in /srv sub file none; do if test -d $path; then echo $path; fi; done', '/srv\nsub\n'],
    ['if [ -f file ] && [ -e sub ]; then echo both; fi', 'both\n'],
  ])('%s', async (script, stdout) => {
    expect(await run(script)).toEqual({ stdout, stderr: '', code: 0, after: 0 })
  })

  test('to standard error, when they say so', async () => {
    expect(await run('echo trouble >&2')).toMatchObject({ stdout: '', stderr: 'trouble\n' })
  })
})

describe('how scripts end, and when', () => {
  test.each([
    ['true', 0, 0],
    ['false', 1, 0],
    ['exit 7', 7, 0],
    ['false; exit', 1, 0],
    ['sleep 5', 0, 5_000],
    ['sleep 1m 30s; exit 3', 3, 90_000],
    ['sleep 0.5; false', 1, 500],
    ['sleep 1; echo x; sleep 1', 0, 2_000],
    ['sh -c "exit 4"', 4, 0],
  ])('%s: exit %s after %i ms', async (script, code, after) => {
    expect(await run(script)).toMatchObject({ code, after })
  })

  test.each(['sleep infinity', 'tail -f /dev/null', 'while true; do sleep 3600; done', 'while :; do :; done'])(
    '%s: never',
    async script => {
      expect((await run(script, { for: 10_000 })).code).toBeUndefined()
    },
  )

  test('the counter that documentation is fond of counts one line a second', async () => {
    const script = 'i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done'
    const { stdout } = await run(script, { for: 2_500 })
    expect(stdout).toBe(
      '0: Thu, 01 Jan 2026 00:00:00 GMT\n1: Thu, 01 Jan 2026 00:00:01 GMT\n2: Thu, 01 Jan 2026 00:00:02 GMT\n',
    )
  })

  test('a program says that it is not run, and the script goes on', async () => {
    expect(await run('nginx -t; echo $?')).toMatchObject({
      stdout: '126\n',
      stderr: 'simulated container: "nginx -t" cannot run: this node is simulated and executes no programs\n',
    })
  })
})

describe('whether a script is one that can be simulated', () => {
  test.each([
    ['echo a; sleep 5; exit 1', true],
    ['while true; do echo; done', true],
    ['sh -c "sleep 5"', true],
    ['/bin/sleep 5', true],
    ['nginx', false],
    ['echo before; nginx', false],
    ['while true; do nginx; done', false],
    ['echo $(nginx)', false],
    ['sh -c nginx', false],
    ['constructor', false],
    ['tail -f /var/log/messages', false],
  ])('%s: %s', (script, simulated) => {
    expect(isSimulated(parseScript(script))).toBe(simulated)
  })

  test.each([
    'a | b',
    '(exit 1)',
    'a &',
    'echo `b`',
    'echo $(a $(b))',
    'a > file',
    'case x in x) ;; esac',
    "echo 'open",
    'done',
  ])('%s is more shell than there is', script => {
    expect(() => parseScript(script)).toThrow(expect.objectContaining({ name: 'UnsupportedScript' }))
  })
})
