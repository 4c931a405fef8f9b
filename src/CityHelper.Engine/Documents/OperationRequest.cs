using System.Text.Json;

namespace CityHelper.Engine.Documents;

/// <summary>
/// What a client asks for, whichever way it was sent. Dispose it when it was answered: it holds the JSON that was parsed.
/// </summary>
internal sealed class OperationRequest : IDisposable
{
    private readonly List<JsonDocument> _documents = [];

    public string? Query { get; set; }

    public string? Id { get; set; }

    /// <summary>The SHA-256 of the text, by which it is or should be known (<c>extensions.persistedQuery</c>).</summary>
    public string? Hash { get; set; }

    public string? OperationName { get; set; }

    /// <summary>A JSON object, or undefined.</summary>
    public JsonElement Variables { get; set; }

    /// <summary>A JSON array of requests, when the body is one; then nothing else here is set but what the URL says.</summary>
    public JsonElement? Batch { get; set; }

    /// <summary>Keeps a document until the request is answered.</summary>
    public JsonElement Own(JsonDocument document)
    {
        _documents.Add(document);
        return document.RootElement;
    }

    public void Dispose() => _documents.ForEach(d => d.Dispose());
}
