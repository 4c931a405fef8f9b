using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Tags;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// Stored answers that outlive their server and that others find, as a store in Redis would keep them: so an old answer meets a table that
/// was just filled. What tells builds and cursor keys apart is said here; position and epoch are judged by the product.
/// </summary>
internal sealed class ModelStore(PlantedFault fault)
{
    private readonly Dictionary<ModelQuestion, Kept> _answers = [];

    public void Keep(ModelQuestion question, Kept answer) => _answers[question] = answer;

    /// <summary>The answer that a server of a build and a key may judge; null when there is none.</summary>
    public StoredAnswer? Find(ModelQuestion question, ModelRelease release, TagTable table)
    {
        if (!_answers.TryGetValue(question, out Kept? kept)
            || (kept.Release.Build != release.Build && fault != PlantedFault.BuildIgnored)
            || (kept.Release.Key != release.Key && fault != PlantedFault.CursorKeyIgnored))
        {
            return null;
        }

        StoredAnswer answer = kept.Answer;
        return fault == PlantedFault.EpochIgnored && table.Needed(answer.Slots) is { } needed
            ? new StoredAnswer(
                answer.Body, answer.Operation, answer.Policy, kept.Dependencies, answer.Position with { Epoch = needed.Epoch })
            {
                Cursor = answer.Cursor,
                TenantName = answer.TenantName,
                StoredAt = answer.StoredAt,
            }
            : answer;
    }

    internal sealed record Kept(StoredAnswer Answer, Dependencies Dependencies, ModelRelease Release);
}

/// <summary>What a server runs: its build writes answers in its own way, its key signs the cursors in them.</summary>
internal readonly record struct ModelRelease(int Build, int Key)
{
    /// <summary>What every answer of it begins with.</summary>
    public string Mark => $"b{Build}k{Key};";
}

/// <summary>A client, which remembers the last answer and asks with its ETag.</summary>
internal sealed class ModelClient(ModelQuestion question)
{
    public ModelQuestion Question => question;

    public string? ETag { get; set; }

    public string Body { get; set; } = "";
}
