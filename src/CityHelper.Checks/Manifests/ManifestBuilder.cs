using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using GraphQL.Types;

namespace CityHelper.Checks.Manifests;

/// <summary>Collects <c>persisted-queries/&lt;client&gt;/*.graphql</c> into a manifest.</summary>
public sealed class ManifestBuilder(OperationCompiler compiler, ISchema schema)
{
    private readonly OperationAppraiser _appraiser = new(schema);

    /// <summary>
    /// Reads and checks every operation of a folder. What a check has found of the plans of an operation stays with it as long as its text
    /// does.
    /// </summary>
    /// <param name="folder">The folder of the clients' folders.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The manifest, and one line per problem; with problems the manifest must not be used.</returns>
    public async Task<(OperationManifest Manifest, IReadOnlyList<string> Problems)> BuildAsync(
        string folder, CancellationToken cancellation)
    {
        List<ManifestOperation> operations = [];
        List<string> problems = [];
        OperationManifest? before = OperationManifest.TryRead(folder);
        foreach (string file in Directory.EnumerateFiles(folder, "*.graphql", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string shortName = Path.GetRelativePath(folder, file);

            // One line ending on every machine, or the same operation would have two ids.
            string body = (await File.ReadAllTextAsync(file, cancellation)).ReplaceLineEndings("\n").TrimEnd('\n');
            CompiledOperation compiled = await compiler.CompileAsync(body, operationName: null, cancellation);
            problems.AddRange(compiled.Errors.Select(e => $"{shortName}{Place(e)}: {e.Message}"));
            if (compiled.Operation is not { } operation)
            {
                continue;
            }

            string client = Path.GetDirectoryName(shortName)!;
            if (operation.Name is not { } name)
            {
                problems.Add($"{shortName}: the operation has no name; logs and URLs need one.");
            }
            else if (operations.Exists(o => o.Client == client && o.Name == name))
            {
                problems.Add($"{shortName}: {client} has another operation named {name}.");
            }
            else if (_appraiser.Appraise(operation) is var (appraisal, error) && appraisal is null)
            {
                problems.Add($"{shortName}: {error!.Message}");
            }
            else
            {
                operations.Add(new ManifestOperation(operation.Id, name, "query", client, appraisal.Price, appraisal.Cache.Header, body)
                {
                    Reads = [.. OperationReads.Of(schema, operation, appraisal.Usual)],
                    Plan = before?.Operations.FirstOrDefault(known => known.Client == client && known.Id == operation.Id)?.Plan,
                });
            }
        }

        string? plansOf = operations.Exists(operation => operation.Plan is not null) ? before!.PlansOf : null;
        return (OperationManifest.Of(operations) with { PlansOf = plansOf }, problems);
    }

    private static string Place(RequestError error) => error.Locations is [var (line, column), ..] ? $"({line},{column})" : "";
}
