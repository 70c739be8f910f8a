"""JUnit XML: well formed whatever a submission said, and of the structure that CI systems read."""

import pytest
from lxml import etree

from coursekit.grading.exports.junit import OUTCOMES, junit_xml, write_junit
from tests.grading.exports.sample_class import VERDICTS, sample_class, sample_times

# The structure that Ant's and Jenkins' schemas have in common, in the order of their elements.
SCHEMA = etree.XMLSchema(
    etree.fromstring(b"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
 <xs:element name="testsuites"><xs:complexType>
  <xs:sequence><xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
  <xs:attribute name="name" type="xs:string"/><xs:attribute name="time" type="xs:decimal"/>
  <xs:attributeGroup ref="counts"/>
 </xs:complexType></xs:element>
 <xs:attributeGroup name="counts">
  <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
  <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
 </xs:attributeGroup>
 <xs:element name="testsuite"><xs:complexType>
  <xs:sequence>
   <xs:element name="properties"><xs:complexType><xs:sequence>
    <xs:element name="property" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
     <xs:attribute name="name" type="xs:token" use="required"/>
     <xs:attribute name="value" type="xs:string" use="required"/>
    </xs:complexType></xs:element>
   </xs:sequence></xs:complexType></xs:element>
   <xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/>
   <xs:element name="system-out" type="xs:string"/><xs:element name="system-err" type="xs:string"/>
  </xs:sequence>
  <xs:attribute name="name" type="xs:token" use="required"/><xs:attribute name="id" type="xs:nonNegativeInteger"/>
  <xs:attribute name="package" type="xs:token"/><xs:attribute name="timestamp" type="xs:dateTime" use="required"/>
  <xs:attribute name="hostname" type="xs:token" use="required"/>
  <xs:attribute name="time" type="xs:decimal" use="required"/>
  <xs:attributeGroup ref="counts"/>
 </xs:complexType></xs:element>
 <xs:element name="testcase"><xs:complexType>
  <xs:choice minOccurs="0">
   <xs:element name="skipped"><xs:complexType mixed="true"><xs:attribute name="message"/></xs:complexType></xs:element>
   <xs:element name="error" type="told"/><xs:element name="failure" type="told"/>
  </xs:choice>
  <xs:attribute name="name" type="xs:token" use="required"/>
  <xs:attribute name="classname" type="xs:token" use="required"/>
  <xs:attribute name="time" type="xs:decimal" use="required"/>
 </xs:complexType></xs:element>
 <xs:complexType name="told"><xs:simpleContent><xs:extension base="xs:string">
  <xs:attribute name="message" type="xs:string"/><xs:attribute name="type" type="xs:string" use="required"/>
 </xs:extension></xs:simpleContent></xs:complexType>
</xs:schema>""")
)


@pytest.fixture(scope="module")
def tree():
    results = sample_class()
    return results, etree.fromstring(
        junit_xml(results, sample_times(results), "2026-11-24T12:00:00")
    )


def test_the_structure_is_the_common_one(tree):
    SCHEMA.assertValid(tree[1])


def test_a_suite_for_each_unit_of_each_student_and_counts_that_are_right(tree):
    results, root = tree
    suites = root.findall("testsuite")
    pairs = [(s, u) for s in results.students for u in s.units]
    assert len(suites) == len(pairs)
    for suite, (one, unit) in zip(suites, pairs, strict=True):
        assert suite.get("name") == f"{one.student}.{unit.unit}"
        assert [case.get("name") for case in suite.iter("testcase")] == [
            c.name for c in unit.checks
        ]
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(list(suite.iter(tag))) == int(suite.get(count))
        assert int(suite.get("tests")) == len(unit.checks)
        assert suite.find("properties/property[@name='points']").get("value") == str(unit.points)
    for count in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(count)) == sum(int(suite.get(count)) for suite in suites)


def test_every_verdict_has_its_place(tree):
    results, root = tree
    assert set(OUTCOMES) == set(VERDICTS)
    checks = [c for s in results.students for u in s.units for c in u.checks]
    seen = set()
    for case, check in zip(root.iter("testcase"), checks, strict=True):
        assert [child.tag for child in case] == [OUTCOMES[check.verdict]][
            : check.verdict != "passed"
        ]
        if len(case) and case[0].tag != "skipped":
            assert case[0].get("type").startswith(check.verdict)
        seen.add(check.verdict)
    assert seen == set(VERDICTS)
    assert (OUTCOMES["blocked"], OUTCOMES["grader-fault"]) == ("skipped", "error")


def test_every_control_character_is_kept_out():
    results = sample_class(2)
    nasty = (
        "".join(map(chr, range(0x20)))
        + "\x7f\x85\ud800\udfff\ufffe\uffff ]]> &amp; <x/> \U0001f393"
    )
    results.students[0].units[0].output = nasty
    results.students[0].name = nasty
    check = results.students[0].units[0].checks[0]
    check.verdict, check.message, check.mistake = "failed", nasty, nasty
    root = etree.fromstring(junit_xml(results, []))
    SCHEMA.assertValid(root)
    assert "]]> &amp; <x/> \U0001f393" in root.find("testsuite/system-out").text
    assert "]]> &amp; <x/>" in root.find("testsuite/testcase/failure").get("message")


def test_the_file_is_the_same_twice(tmp_path):
    results = sample_class()
    for name in "ab":
        done = write_junit(results, sample_times(results), tmp_path / name)
    assert done.students == 24
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_empty_class_is_a_valid_file():
    root = etree.fromstring(junit_xml(sample_class(0), []))
    SCHEMA.assertValid(root)
    assert root.get("tests") == "0"
