// Compares two versions of an OpenAPI document: `node compare.mjs BEFORE AFTER` prints JSON.
//
// api-smart-diff finds every change, but judges each as if it were of a request. Optic's ruleset knows requests from
// responses, but only looks for what breaks.
import { dereferenceOpenApi } from "@useoptic/openapi-io";
import { OpenAPITraverser, factsToChangelog } from "@useoptic/openapi-utilities";
import { RuleRunner } from "@useoptic/rulesets-base";
import { BreakingChangesRuleset } from "@useoptic/standard-rulesets";
import { apiDiff } from "api-smart-diff";

const [before, after] = await Promise.all(
  process.argv.slice(2).map(async (path) => (await dereferenceOpenApi(path)).jsonLike),
);

// Each alternative of a request as an operation of its own: Optic takes a further one for a break.
const spread = (document) => {
  const paths = {};
  for (const [path, item] of Object.entries(document.paths)) {
    paths[path] = {};
    for (const [method, operation] of Object.entries(item)) {
      paths[path][method] = operation;
      for (const [type, { schema }] of Object.entries(operation.requestBody?.content ?? {})) {
        const { propertyName } = schema.discriminator ?? {};
        if (!propertyName) continue;
        paths[path][method] = { ...operation, requestBody: undefined };
        for (const alternative of schema.oneOf) {
          const name = alternative.properties[propertyName].const;
          const requestBody = { ...operation.requestBody, content: { [type]: { schema: alternative } } };
          paths[`${path} (${name})`] = { [method]: { ...operation, requestBody, responses: {} } };
        }
      }
    }
  }
  return { ...document, paths };
};

const factsOf = (document) => {
  const traverser = new OpenAPITraverser();
  traverser.traverse(document);
  return [...traverser.facts()];
};
const [current, next] = [spread(before), spread(after)];
const [currentFacts, nextFacts] = [factsOf(current), factsOf(next)];
const results = await new RuleRunner([new BreakingChangesRuleset({ matches: () => true })]).runRulesWithFacts({
  context: {},
  currentFacts,
  nextFacts,
  changelog: factsToChangelog(currentFacts, nextFacts),
  currentJsonLike: current,
  nextJsonLike: next,
});

const breaks = results
  .filter((result) => !result.passed)
  .map((result) => ({ where: result.where, what: result.error }));
const changes = apiDiff(before, after).map(({ action, path, type, before: was, after: is }) => ({
  action,
  path: path.map(String),
  type,
  // What an item of a list is called, which its index does not tell.
  value: [is, was].find((value) => ["string", "number", "boolean"].includes(typeof value)) ?? null,
}));
process.stdout.write(JSON.stringify({ breaks, changes }));
