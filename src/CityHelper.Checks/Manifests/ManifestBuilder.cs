using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using GraphQL.Types;

namespace CityHelper.Checks.Manifests;

/// <summary>Collects <c>persisted-queries/&lt;client&gt;/*.graphql</c> into a manifest.</summary>
public sealed class ManifestBuilder(OperationCompiler compiler, ISchema schema)
{
    private readonly CostAnalyser _costAnalyser = new(schema);

    /// <summary>
    /// Reads and checks every operation of a folder. An operation keeps its plan fingerprint of the old manifest while its text is the
    /// same.
    /// </summary>
    /// <param name="folder">The folder with one folder per client.</param>
    /// <param name="cancellation">Cancels the work.</param>
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

            // The same line ending on every machine; otherwise one operation would have two ids.
            string body = (await File.ReadAllTextAsync(file, cancellation)).ReplaceLineEndings("\n").TrimEnd('\n');
            CompiledOperation compiled = await compiler.CompileAsync(body, operationName: null, cancellation);
            problems.AddRange(compiled.Errors.Select(e => $"{shortName}{LocationOf(e)}: {e.Message}"));
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
            else if (_costAnalyser.Analyse(operation) is var (analysis, error) && analysis is null)
            {
                problems.Add($"{shortName}: {error!.Message}");
            }
            else
            {
                operations.Add(new ManifestOperation(operation.Id, name, operation.Kind, client, analysis.Cost, analysis.Cache.Header, body)
                {
                    Reads = [.. OperationReads.Of(schema, operation, analysis.Usual)],
                    Plan = before?.Operations.FirstOrDefault(known => known.Client == client && known.Id == operation.Id)?.Plan,
                });
            }
        }

        string? plansOf = operations.Exists(operation => operation.Plan is not null) ? before!.PlansOf : null;
        return (OperationManifest.Of(operations) with { PlansOf = plansOf }, problems);
    }

    private static string LocationOf(RequestError error) => error.Locations is [var (line, column), ..] ? $"({line},{column})" : "";
}
