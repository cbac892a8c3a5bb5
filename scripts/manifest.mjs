// pkg/custom-elements.json: what editors and catalogues know of the element, out of what is written at
// its types. The format: https://github.com/webcomponents/custom-elements-manifest
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";
import { at } from "./project.mjs";
import { Stop } from "./run.mjs";

const tagName = "anaplan-task-status";
const className = "AnaplanTaskStatus";
// Where the class comes from, and what defines the element by it.
const classModule = "pkg/element-class.js";
const definition = "pkg/element.js";

export function writeManifest() {
  const declaration = { name: className, module: classModule };
  const js = { kind: "js", name: className, declaration };
  const custom = { kind: "custom-element-definition", name: tagName, declaration };
  const module = { kind: "javascript-module" };
  const manifest = {
    schemaVersion: "2.1.0",
    modules: [
      { ...module, path: classModule, declarations: [element()], exports: [js] },
      { ...module, path: definition, declarations: [], exports: [js, custom] },
    ],
  };
  writeFileSync(at("pkg", "custom-elements.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function element() {
  const path = at("ts", "types", "element.ts");
  const source = ts.createSourceFile(
    path,
    readFileSync(path, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const interfaces = new Map(
    source.statements.filter(ts.isInterfaceDeclaration).map((one) => [one.name.text, one]),
  );
  const members = (name) => interfaces.get(name).members.filter((one) => one.name);
  const face = interfaces.get(className);
  const fields = members(className).filter(ts.isPropertySignature).map(field);
  const ofAttribute = new Map(fields.map((field) => [field.attribute, field]));

  return {
    kind: "class",
    customElement: true,
    tagName,
    name: className,
    description: description(face),
    superclass: { name: "HTMLElement", package: "global:" },
    attributes: members(`${className}Attributes`).map((member) => {
      const name = member.name.text;
      const { name: fieldName, description: said, default: value } = ofAttribute.get(name) ?? {};
      const type = typeOf(member).replace(" | undefined", "");
      return cleaned({
        ...{ name, type: { text: type }, description: said ?? description(member) },
        ...{ default: value, fieldName },
      });
    }),
    members: [...fields, ...members(className).filter(isOwnMethod).map(method)],
    events: members(`${className}EventMap`).map((member) => ({
      name: member.name.text,
      type: { text: typeOf(member) },
      description: description(member),
    })),
    cssParts: tags(face, "csspart"),
    cssProperties: tags(face, "cssproperty").map((one) => ({
      ...one,
      default: fallback(one.name),
    })),
    cssStates: tags(face, "cssstate"),
  };
}

function field(member) {
  const text = description(member);
  const type = typeOf(member);
  return cleaned({
    kind: "field",
    name: member.name.text,
    type: { text: type },
    description: text.replace(/ ?Attribute `[\w-]+`\.$/, ""),
    default: type === "boolean" ? "false" : undefined,
    readonly: member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword),
    attribute: /Attribute `([\w-]+)`\.$/.exec(text)?.[1],
    // Which attributes follow their properties.
    reflects: type === "boolean" || undefined,
  });
}

function isOwnMethod(member) {
  return ts.isMethodSignature(member) && !/EventListener$/.test(member.name.text);
}

function method(member) {
  return {
    kind: "method",
    name: member.name.text,
    description: description(member),
    return: { type: { text: typeOf(member) } },
  };
}

function typeOf(member) {
  return member.type.getText();
}

function description(node) {
  const text = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  if (!text) throw new Stop(`ts/types/element.ts says nothing of ${node.name.text}`);
  return ts.getTextOfJSDocComment(text);
}

/** `@name what - its description`, for each. */
function tags(node, name) {
  return ts
    .getJSDocTags(node)
    .filter(({ tagName }) => tagName.text === name)
    .map(({ comment }) => {
      const text = ts.getTextOfJSDocComment(comment);
      const [, what, description] = /^(\S+) - ([^]+)$/.exec(text) ?? [];
      if (!what) throw new Stop(`ts/types/element.ts says nothing of @${name} ${text}`);
      return { name: what, description };
    });
}

/** What a custom property is where the page sets none, by the style sheet's last word on it. */
function fallback(name) {
  const style = readFileSync(at("ts", "element", "style.css"), "utf8");
  const found = [...style.matchAll(new RegExp(String.raw`var\(${name}, (.*)\);`, "g"))].at(-1);
  if (!found) throw new Stop(`ts/element/style.css does not know ${name}`);
  return found[1];
}

function cleaned(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
