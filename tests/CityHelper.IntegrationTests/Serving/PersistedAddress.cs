using System.Text.Json;
using CityHelper.Engine.Documents;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Canonical addresses of published operations: path and query.</summary>
internal static class PersistedAddress
{
    // Of the operations that the repository publishes.
    private static readonly Lazy<IReadOnlyDictionary<string, string>> s_ids = new(() =>
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("persisted-queries", "manifest.json")));
        return manifest.RootElement.GetProperty("operations").EnumerateArray().ToDictionary(
            operation => operation.GetProperty("name").GetString()!, operation => operation.GetProperty("id").GetString()!);
    });

    /// <summary>The address of an operation, for a server in another process.</summary>
    public static string Of(string operation, object? variables) => Of(s_ids.Value[operation], operation, variables);

    /// <summary>The address of an operation whose id is known.</summary>
    public static string Of(string id, string operation, object? variables)
    {
        CanonicalJson.TryWrite(JsonSerializer.SerializeToElement(variables ?? new { }), out string? json);
        return $"/graphql/persisted/{id}/{operation}{(json == "{}" ? "" : $"?variables={Uri.EscapeDataString(json!)}")}";
    }
}
