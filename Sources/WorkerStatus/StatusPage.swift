/// The page that shows a worker in a browser. It needs nothing from elsewhere: it brings its style and script along,
/// and asks for `snapshot.json` beside it every two seconds.
///
/// Whatever tasks are called or say is put into it as text, never as markup.
public enum StatusPage {
    /// The media type.
    public static let mediaType = "text/html; charset=utf-8"

    /// What the browser may do with the page: run this script, use this style, ask where it came from; nothing else.
    public static func contentPolicy(nonce: String) -> String {
        "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    /// The page.
    ///
    /// - Parameter nonce: random letters and digits, new for each answer; the same as in ``contentPolicy(nonce:)``.
    public static func html(nonce: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>celeriac</title>
        <link rel="icon" href="data:,">
        <style nonce="\(nonce)">
        \(Self.style)
        </style>
        </head>
        <body>
        <header><h1 id="name">celeriac</h1><span id="state" class="badge">…</span><span id="facts"></span></header>
        <p id="trouble" hidden></p>
        <main id="page"></main>
        <script nonce="\(nonce)">
        \(Self.script)
        </script>
        </body>
        </html>

        """
    }

    private static let style = #"""
        :root {
          color-scheme: light dark;
          --ink: #1d2430; --soft: #5d6878; --line: #dde2e9; --back: #f6f7f9; --card: #fff;
          --good: #1a7f4b; --warn: #a86200; --bad: #b3261e; --bar: #3b6fb6;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ink: #e4e8ee; --soft: #98a3b3; --line: #2c3440; --back: #12161c; --card: #1a2029;
            --good: #4cc38a; --warn: #e0a548; --bad: #f07a70; --bar: #5b92dc;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 3rem; background: var(--back); color: var(--ink);
          font: 14px/1.45 system-ui, sans-serif; }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .4rem 1rem; }
        h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: .8rem; margin: 0 0 .6rem; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
        #facts, .soft { color: var(--soft); }
        .badge { padding: .05rem .55rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .85rem; }
        .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
        #trouble { border: 1px solid var(--bad); color: var(--bad); border-radius: .4rem; padding: .5rem .8rem; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem;
          margin-top: 1rem; overflow-x: auto; }
        .tiles { margin-bottom: 1rem; display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .8rem; }
        .tiles b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 500; color: var(--soft); padding: 0 .9rem .3rem 0; white-space: nowrap; }
        td { padding: .28rem .9rem .28rem 0; border-top: 1px solid var(--line); vertical-align: top; }
        th.right, td.right { text-align: right; }
        code, pre { font: 12px/1.45 ui-monospace, monospace; }
        td code { overflow-wrap: anywhere; }
        pre { margin: .4rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        meter, .bar { display: inline-block; width: 6rem; height: .55rem; background: var(--line); border-radius: 1rem;
          overflow: hidden; vertical-align: middle; margin-right: .5rem; }
        .bar svg { display: block; width: 100%; height: 100%; }
        .bar rect { fill: var(--bar); } .bar.full rect { fill: var(--bad); }
        details { border-top: 1px solid var(--line); padding: .35rem 0; }
        summary { cursor: pointer; overflow-wrap: anywhere; }
        """#

    private static let script = #"""
        'use strict';
        const page = document.getElementById('page');
        const opened = new Set();
        let before = null;

        function make(tag, kind, ...content) {
          const element = document.createElement(tag);
          if (kind) element.className = kind;
          element.append(...content.filter(part => part !== null && part !== undefined).map(part =>
            part instanceof Node ? part : String(part)));
          return element;
        }
        function section(title, ...content) { return make('section', '', make('h2', '', title), ...content); }
        function table(heads, rows) {
          const right = index => heads[index].startsWith('>') ? 'right' : '';
          const head = heads.map((text, index) => make('th', right(index), text.replace('>', '')));
          const body = rows.map(row => make('tr', '', ...row.map((cell, index) => make('td', right(index), cell))));
          return make('table', '', make('thead', '', make('tr', '', ...head)), make('tbody', '', ...body));
        }
        function tiles(pairs) {
          return make('div', 'tiles', ...pairs.map(([name, value, kind]) =>
            make('div', '', make('b', kind || '', value), make('span', 'soft', name))));
        }
        function bytes(value) {
          if (value === undefined || value === null) return '–';
          const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
          let index = 0;
          while (Math.abs(value) >= 1024 && index < units.length - 1) { value /= 1024; index += 1; }
          return value.toFixed(index > 0 && value < 100 ? 1 : 0) + ' ' + units[index];
        }
        function time(seconds) {
          if (seconds === undefined || seconds === null || seconds === 0) return '–';
          if (seconds < 0.001) return (seconds * 1e6).toFixed(0) + ' µs';
          if (seconds < 1) return (seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0) + ' ms';
          if (seconds < 120) return seconds.toFixed(1) + ' s';
          if (seconds < 7200) return (seconds / 60).toFixed(0) + ' min';
          if (seconds < 172800) return (seconds / 3600).toFixed(0) + ' h';
          return (seconds / 86400).toFixed(0) + ' d';
        }
        function number(value) { return value.toLocaleString('en'); }
        function perSecond(value) { return value === null ? '–' : value.toFixed(value < 10 ? 1 : 0) + '/s'; }
        function sum(list) { return list.reduce((total, value) => total + value, 0); }
        function mean(part) { const count = sum(part.counts); return count ? part.sum / count / 1e9 : null; }
        function count(task, outcomes) {
          return sum(task.ends.filter(end => outcomes.includes(end.outcome)).map(end => end.count));
        }
        function bar(used, most, warns) {
          const share = Math.min(1, used / most);
          const space = 'http://www.w3.org/2000/svg';
          const drawing = document.createElementNS(space, 'svg');
          const filled = document.createElementNS(space, 'rect');
          drawing.setAttribute('viewBox', '0 0 100 1');
          drawing.setAttribute('preserveAspectRatio', 'none');
          filled.setAttribute('width', share * 100);
          filled.setAttribute('height', 1);
          drawing.append(filled);
          return make('span', warns && share > 0.85 ? 'bar full' : 'bar', drawing);
        }
        function memory(used, most) {
          if (!most) return used ? bytes(used) : '–';
          return make('span', '', bar(used, most, true), bytes(used) + ' of ' + bytes(most));
        }

        function showWorker(now) {
          const worker = now.worker;
          const state = document.getElementById('state');
          document.title = worker.name;
          document.getElementById('name').textContent = worker.name;
          state.textContent = worker.state;
          state.className = 'badge ' + ({consuming: 'good', disconnected: 'bad'}[worker.state] || 'warn');
          document.getElementById('facts').textContent =
            'pid ' + worker.pid + ', up ' + time(worker.uptime) + ', version ' + worker.version + ', ' + now.broker.server;
        }
        function showPool(now) {
          const pools = now.pools.map(pool => {
            const why = Object.entries(pool.recycled).map(([reason, times]) => reason + ' ' + number(times)).join(', ');
            return [pool.name, pool.children + ' of ' + pool.concurrency, slots(pool.busy, pool.slots),
              number(pool.ordered), why || '–'];
          });
          const lost = number(now.broker.stale) + ' / ' + number(now.broker.recovered);
          return section('Pool', tiles([
            ['broker', now.broker.connected ? 'connected' : 'away', now.broker.connected ? 'good' : 'bad'],
            ['ended', number(now.broker.settled)], ['per second', perSecond(rate(now, part => part.broker.settled))],
            ['leases', number(now.broker.leases)], ['leases lost / taken over', lost],
            ['dead letters from here', number(sum(Object.values(now.broker.dead)))],
            ['master', bytes(now.worker.memory)],
          ]), table(['pool', '>children', 'busy slots', '>ordered ever', 'recycled'], pools));
        }
        function slots(used, most) { return make('span', '', bar(used, Math.max(1, most), false), used + ' of ' + most); }
        function rate(now, value) {
          if (!before || before.worker.pid !== now.worker.pid) return null;
          const passed = now.worker.uptime - before.worker.uptime;
          return passed > 0 ? Math.max(0, value(now) - value(before)) / passed : null;
        }
        function showQueues(now) {
          if (!now.queues) return section('Queues', make('p', 'soft', 'The broker does not tell now.'));
          const rows = now.queues.map(queue => [make('code', '', queue.name), number(queue.length), time(queue.stalled)]);
          const rest = now.broker.at_server;
          const line = rest ? 'At the broker: ' + number(rest.unacknowledged) + ' with workers, ' + number(rest.scheduled)
            + ' not due, ' + number(rest.dead) + ' dead letters.' : '';
          return section('Queues', table(['queue', '>waiting', '>next one stands for at least'], rows),
            make('p', 'soft', line));
        }
        function showChildren(now) {
          const rows = [];
          for (const child of now.children) {
            const own = [child.pid || '–', child.state, number(child.tasks), time(child.age), bytes(child.memory)];
            if (!child.running.length) rows.push([...own, '', '', '']);
            child.running.forEach((task, index) => rows.push([
              ...(index ? ['', '', '', '', ''] : own),
              make('span', '', task.task + ' ', make('code', 'soft', task.id)),
              task.runtime === undefined ? 'queued' : time(task.runtime), memory(task.memory, task.limit)]));
          }
          return section('Children and running tasks',
            table(['pid', 'state', '>tasks', '>age', '>resident', 'task', '>runs for', 'memory added'], rows));
        }
        function showTasks(now) {
          const rows = now.tasks.map(task => {
            const done = part => {
              const same = (part.tasks || []).find(other => other.name === task.name);
              return same ? sum(same.run.counts) : 0;
            };
            const bad = count(task, ['failure']), lost = count(task, ['lost']);
            return [task.name, number(count(task, ['success'])), make('span', bad ? 'bad' : '', number(bad)),
              number(count(task, ['retry'])), make('span', lost ? 'warn' : '', number(lost)), perSecond(rate(now, done)),
              time(mean(task.run)), time(mean(task.wait)), bytes(task.peak)];
          });
          return section('Tasks', table(['task', '>succeeded', '>failed', '>retried', '>lost a child', '>attempts',
            '>mean run', '>mean wait', '>highest memory'], rows));
        }
        function showLeaks(now) {
          const leaking = now.tasks.filter(task => task.leaks.length);
          if (!leaking.length) return null;
          return section('Leaks', table(['task', 'leaks', '>heap per run'], leaking.map(task =>
            [task.name, make('span', 'bad', task.leaks.join(', ')), bytes(task.retained)])));
        }
        function showFailures(now) {
          const entries = now.failures.map(failure => {
            const key = failure.id + failure.time;
            const entry = make('details', '', make('summary', '',
              make('span', 'soft', new Date(failure.time * 1000).toLocaleTimeString() + ' '), failure.task + ' ',
              make('span', failure.again ? 'warn' : 'bad', failure.cause || failure.type), failure.again ? ', runs again' : '',
              ' ', make('span', 'soft', failure.message)), make('pre', '', failure.report.join('\n')));
            entry.open = opened.has(key);
            entry.addEventListener('toggle', () => entry.open ? opened.add(key) : opened.delete(key));
            return entry;
          });
          return section('Recent failures', ...(entries.length ? entries : [make('p', 'soft', 'None.')]));
        }

        async function show() {
          const trouble = document.getElementById('trouble');
          try {
            // Not of the page's own address, which may have a password in it.
            const address = new URL('snapshot.json', location.origin + location.pathname);
            const answer = await fetch(address, {cache: 'no-store'});
            const text = await answer.text();
            if (!answer.ok) throw new Error(text);
            const now = JSON.parse(text);
            showWorker(now);
            page.replaceChildren(...[showPool, showQueues, showChildren, showLeaks, showTasks, showFailures]
              .map(part => part(now)).filter(part => part !== null));
            before = now;
            trouble.hidden = true;
          } catch (error) {
            trouble.textContent = 'The worker cannot be asked: ' + error.message;
            trouble.hidden = false;
          }
        }
        async function follow() {
          if (!document.hidden) await show();
          setTimeout(follow, 2000);
        }
        follow();
        """#
}
