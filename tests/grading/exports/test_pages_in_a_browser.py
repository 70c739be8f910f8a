"""The pages in headless Chromium: no name runs a script, sorting and finding work, nothing scrolls sideways."""

import json
from pathlib import Path

import pytest
from lxml import html

from coursekit.grading.exports.class_report import write_report
from tests.grading.exports.browser import Browser, find_browser
from tests.grading.exports.sample_class import ALL_UNITS, sample_class, sample_times

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Browser:
    return find_browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("results")
    results = sample_class(24, ALL_UNITS)
    write_report(results, sample_times(results), path)
    return path


def with_script(page: Path, target: Path, script: str) -> Path:
    """A copy without its policy that runs the script at its end and puts what it returns into <pre id=said>."""
    text = page.read_text("utf-8")
    start = text.index('<meta http-equiv="Content-Security-Policy"')
    end = text.index(">", start) + 1
    more = (
        "<script>addEventListener('load', () => { const said = document.createElement('pre'); said.id = 'said';"
        f"said.textContent = String((() => {{ {script} }})()); document.body.append(said); }});</script>"
    )
    target.write_text(text[:start] + text[end:].replace("</body>", more + "</body>"), "utf-8")
    return target


def said(dom: str) -> str:
    return html.document_fromstring(dom).xpath("//pre[@id='said']")[0].text or ""


def test_no_name_and_no_message_runs_a_script(browser, folder):
    results = sample_class(24, ALL_UNITS)
    pages = [folder / "report.html"]
    pages += [folder / "feedback" / f"{one.student}.html" for one in results.students[1:15:4]]
    for page in pages:
        tree = html.document_fromstring(browser.dom(page))
        assert "OWNED" not in tree.xpath("//title")[0].text
        assert not tree.xpath("//img | //main//script")


def test_markup_that_got_through_would_still_not_run(browser, folder, tmp_path):
    text = (folder / "report.html").read_text("utf-8")
    bad = "<script>document.title='OWNED'</script><img src=x onerror=\"document.title='OWNED'\">"
    for name, content in (
        ("kept.html", text.replace("<main", bad + "<main")),
        (
            "without.html",
            text.replace("Content-Security-Policy", "x").replace("<main", bad + "<main"),
        ),
    ):
        (tmp_path / name).write_text(content, "utf-8")
    titles = [
        html.document_fromstring(browser.dom(tmp_path / name)).xpath("//title")[0].text
        for name in ("kept.html", "without.html")
    ]
    assert titles[0].startswith("Class report") and titles[1] == "OWNED"


def test_our_own_script_and_style_run_under_the_policy(browser, folder):
    tree = html.document_fromstring(browser.dom(folder / "report.html"))
    assert tree.xpath("//table[contains(@class,'heat')]/thead//button")
    assert tree.xpath("//input[@type='search']")


def test_a_column_is_sorted_by_its_head_and_students_are_found(browser, folder, tmp_path):
    script = """
    const table = document.querySelector('table.heat');
    const points = () => [...table.tBodies[0].rows].map(row => +row.cells[1].dataset.key);
    const head = table.tHead.rows[0].cells[1];
    const found = [];
    for (let i = 0; i < 2; i++) {
      head.querySelector('button').click();
      found.push(points(), head.getAttribute('aria-sort'));
    }
    const input = document.getElementById('find');
    input.value = "O'Brien"; input.dispatchEvent(new Event('input'));
    found.push([...table.tBodies[0].rows].filter(row => !row.hidden).length);
    return JSON.stringify(found);
    """
    page = with_script(folder / "report.html", tmp_path / "sorted.html", script)
    rising, up, falling, down, shown = json.loads(said(browser.dom(page)))
    assert rising == sorted(rising) and falling == rising[::-1] and len(set(rising)) > 5
    assert (up, down, shown) == ("ascending", "descending", 1)


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize(
    "name", ["report.html", "feedback/student010.html", "feedback/student012.html"]
)
def test_nothing_scrolls_sideways_but_tables(browser, folder, tmp_path, name, width):
    """In a frame of that width: a window of headless Chromium is never narrower than 500."""
    inner = with_script(folder / name, tmp_path / "inner.html", "return 0;")
    outer = tmp_path / "outer.html"
    outer.write_text(
        f"<!doctype html><title>x</title><iframe src='{inner.name}' width={width} height=900></iframe>"
        "<script>addEventListener('message', e => { document.body.innerHTML = "
        "`<pre id=said>${e.data}</pre>`; });</script>",
        "utf-8",
    )
    text = inner.read_text("utf-8").replace(
        "</body>",
        "<script>addEventListener('load', () => parent.postMessage("
        "document.documentElement.scrollWidth + ' ' + innerWidth, '*'));</script></body>",
    )
    inner.write_text(text, "utf-8")
    scroll, inside = map(int, said(browser.dom(outer, "--window-size=1400,1000")).split())
    assert inside == width
    assert scroll <= inside


def test_the_colours_are_those_of_the_readers_setting(browser, folder, tmp_path):
    script = "return getComputedStyle(document.body).backgroundColor"
    page = with_script(folder / "report.html", tmp_path / "colours.html", script)
    assert said(browser.dom(page)) == "rgb(255, 255, 255)"
    dark = said(browser.dom(page, "--blink-settings=preferredColorScheme=0"))
    assert dark == "rgb(20, 23, 26)"


@pytest.mark.parametrize("setting", [(), ("--blink-settings=preferredColorScheme=0",)])
@pytest.mark.parametrize(
    "name", ["report.html", "feedback/student000.html", "feedback/student001.html"]
)
def test_every_text_is_seen_well_where_it_stands(browser, folder, tmp_path, name, setting):
    """Contrast of each text with what is really behind it, whatever the style sheet means to do."""
    script = """
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => parts(colour).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = element => {
      for (let e = element; e; e = e.parentElement) {
        const colour = getComputedStyle(e).backgroundColor;
        if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
      }
      return 'rgb(255, 255, 255)';
    };
    document.querySelectorAll('details').forEach(one => one.open = true);
    const bad = new Set();
    let seen = 0;
    for (const element of document.body.querySelectorAll('*')) {
      if (['SCRIPT', 'STYLE', 'title', 'desc'].includes(element.tagName)) continue;
      if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
      const style = getComputedStyle(element);
      const ink = element.namespaceURI.endsWith('svg') ? style.fill : style.color;
      const [one, two] = [light(ink), light(behind(element))].sort((a, b) => b - a);
      seen += 1;
      if ((one + 0.05) / (two + 0.05) < 4.5) bad.add(element.tagName + '.' + element.className);
    }
    return seen > 20 ? JSON.stringify([...bad]) : 'only ' + seen;
    """
    page = with_script(folder / name, tmp_path / "contrast.html", script)
    assert said(browser.dom(page, *setting)) == "[]"


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(browser, folder, tmp_path):
    script = """
    const skip = document.querySelector('.skip'); skip.focus();
    const seen = getComputedStyle(skip).top;
    const button = document.querySelector('th button'); button.focus();
    const outline = getComputedStyle(button).outlineStyle;
    const regions = [...document.querySelectorAll('[role=region]')].every(r => r.tabIndex === 0);
    const bad = document.querySelectorAll('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').length;
    return [seen, outline, regions, bad].join(' ');
    """
    page = with_script(folder / "report.html", tmp_path / "keys.html", script)
    seen, outline, regions, bad = said(browser.dom(page)).split()
    assert not seen.startswith("-") and outline == "solid" and regions == "true" and bad == "0"


def test_pages_are_pictures_too(browser, folder, tmp_path):
    target = browser.screenshot(folder / "report.html", tmp_path / "page.png", 1200, 900)
    assert target.read_bytes().startswith(b"\x89PNG") and target.stat().st_size > 20_000
