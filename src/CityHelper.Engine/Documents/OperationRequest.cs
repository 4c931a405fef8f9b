using System.Text.Json;

namespace CityHelper.Engine.Documents;

/// <summary>A client's request, in any transport. Dispose it after the response: it owns the JSON that was parsed.</summary>
internal sealed class OperationRequest : IDisposable
{
    private readonly List<JsonDocument> _documents = [];

    public string? Query { get; set; }

    public string? Id { get; set; }

    /// <summary>The SHA-256 of the text, under which it is or will be registered (<c>extensions.persistedQuery</c>).</summary>
    public string? Hash { get; set; }

    public string? OperationName { get; set; }

    /// <summary>A JSON object, or undefined.</summary>
    public JsonElement Variables { get; set; }

    /// <summary>A JSON array of requests, if the body is one; then only values from the URL are set beside it.</summary>
    public JsonElement? Batch { get; set; }

    /// <summary>Keeps a document until this request is disposed.</summary>
    public JsonElement Own(JsonDocument document)
    {
        _documents.Add(document);
        return document.RootElement;
    }

    public void Dispose() => _documents.ForEach(d => d.Dispose());
}
