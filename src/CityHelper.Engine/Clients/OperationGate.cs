using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Clients;

/// <summary>An operation that a client may run, or why not.</summary>
/// <param name="Operation">The operation; null when refused.</param>
/// <param name="Errors">Why it was refused.</param>
internal sealed record Authorisation(Operation? Operation, IReadOnlyList<RequestError> Errors)
{
    /// <summary>
    /// What it may cost: a text what its client may, a published operation a multiple of what it costs with its usual variables.
    /// </summary>
    public PriceLimit? Limit { get; init; }

    /// <summary>Whether it is published.</summary>
    public bool IsPublished { get; init; }

    /// <summary>What the answer says of its registration (<c>extensions.persistedQuery</c>); null for nothing.</summary>
    public IReadOnlyDictionary<string, object>? Persisted { get; init; }

    /// <summary>The text that is to be kept once the operation has turned out to be one that may run; null for none.</summary>
    public PendingRegistration? Registration { get; init; }

    public static Authorisation Refused(RequestError error) => new(null, [error]);
}

/// <summary>A text that a client registers.</summary>
/// <param name="Hash">Its SHA-256.</param>
/// <param name="Text">The document.</param>
/// <param name="IsCounted">Whether the client's quota has room for it; without, it runs and is not kept.</param>
internal sealed record PendingRegistration(string Hash, string Text, bool IsCounted);

/// <summary>
/// The one place that decides which operation a request runs: every transport asks it (conventions §8). Published operations run for
/// everybody; what else a client may send is its mode.
/// </summary>
public sealed class OperationGate(
    OperationRegistry operations, RegisteredOperations registered, ILogger<OperationGate> logger)
{
    /// <summary>Finds or compiles the operation of a request.</summary>
    internal async ValueTask<Authorisation> AuthoriseAsync(OperationRequest request, ClientProfile client, CancellationToken cancellation)
    {
        // An empty text beside an id counts as none.
        string? name = Given(request.OperationName);
        if (Given(request.Query) is not { } text)
        {
            return (Given(request.Id), Given(request.Hash)) switch
            {
                ({ } id, _) => await ByIdAsync(id, name, client, new OperationUnknownError(id), cancellation),
                (_, { } hash) => await ByIdAsync(hash, name, client, new PersistedQueryNotFoundError(), cancellation),
                _ => Authorisation.Refused(new OperationMissingError()),
            };
        }

        return Given(request.Hash) is { } sent
            ? await ByTextAndHashAsync(text, sent, name, client, cancellation)
            : await ByTextAsync(text, name, client, ClientMode.FreeText, cancellation);
    }

    private async ValueTask<Authorisation> ByIdAsync(string id, string? name, ClientProfile client, RequestError unknown, CancellationToken cancellation)
    {
        FoundOperation published = await operations.FindAsync(id, cancellation);
        if (published.Operation is { } operation)
        {
            // The name in a URL must be the operation's: logs and caches are read by it.
            return name is not null && name != operation.Name
                ? Authorisation.Refused(new OperationNameUnknownError(name) { Status = StatusCodes.Status400BadRequest })
                : new Authorisation(operation, []) { Limit = published.Limit, IsPublished = true };
        }

        if (published.Errors is not [OperationUnknownError])
        {
            return new Authorisation(null, ErrorsFor(client, published.Errors));
        }

        // Published operations are all that a client of that mode may run, whoever else has registered what.
        return (client.Mode != ClientMode.PersistedOnly || client.LogOnly) && await registered.FindAsync(id, cancellation) is { } text
            ? await ByTextAsync(text, name, client, ClientMode.Registration, cancellation)
            : Authorisation.Refused(unknown);
    }

    private async ValueTask<Authorisation> ByTextAsync(string text, string? name, ClientProfile client, ClientMode needed, CancellationToken cancellation)
    {
        if (Forbids(client, needed))
        {
            return Authorisation.Refused(new OperationNotAllowedError());
        }

        if (client.Mode < needed)
        {
            LogMessages.NotAllowedButDone(logger, client.Name, client.Mode.ToString(), "send the text of", name ?? "anonymous", OperationCompiler.IdOf(text));
        }

        return await CompileAsync(text, name, client, cancellation);
    }

    private async ValueTask<Authorisation> ByTextAndHashAsync(
        string text, string sent, string? name, ClientProfile client, CancellationToken cancellation)
    {
        string hash = OperationCompiler.IdOf(text);
        if (hash == sent && await operations.FindAsync(hash, cancellation) is { Operation: not null } published)
        {
            return new Authorisation(published.Operation, []) { Limit = published.Limit, IsPublished = true };
        }

        if (Forbids(client, ClientMode.Registration))
        {
            return Authorisation.Refused(new OperationNotAllowedError());
        }

        // Before it is compiled, and under a wrong hash too: the quota bounds what a client has compiled, not only what is kept of it.
        bool isCounted = client.Mode == ClientMode.FreeText || await IsWithinQuotaAsync(client, hash, cancellation);
        if (!isCounted)
        {
            if (!client.LogOnly)
            {
                return Authorisation.Refused(new RegistrationQuotaExceededError(client.RegistrationsPerDay));
            }

            LogMessages.NotAllowedButDone(logger, client.Name, client.Mode.ToString(), "register any more today, such as", name ?? "anonymous", hash);
        }

        Authorisation authorisation = await ByTextAsync(text, name, client, ClientMode.Registration, cancellation);
        if (authorisation.Operation is null)
        {
            return authorisation;
        }

        // Under a wrong hash it runs, and is kept under neither.
        return hash == sent
            ? authorisation with { Registration = new PendingRegistration(hash, text, isCounted) }
            : authorisation with { Persisted = WrongHash(sent, hash) };
    }

    /// <summary>
    /// Keeps the text of an operation that may run with the variables it came with: nobody fills the store with what never could.
    /// </summary>
    /// <returns>What the answer says of it.</returns>
    internal async ValueTask<IReadOnlyDictionary<string, object>> RegisterAsync(
        ClientProfile client, PendingRegistration registration, CancellationToken cancellation)
    {
        bool isKept = registration.IsCounted && await registered.TryRegisterAsync(client, registration.Hash, registration.Text, cancellation);
        return new Dictionary<string, object> { ["sha256Hash"] = registration.Hash, ["persisted"] = isKept };
    }

    // What is registered was counted when it was, perhaps of another client.
    private async ValueTask<bool> IsWithinQuotaAsync(ClientProfile client, string hash, CancellationToken cancellation) =>
        await registered.FindAsync(hash, cancellation) is not null || await registered.TryCountAsync(client, hash, cancellation);

    private static bool Forbids(ClientProfile client, ClientMode needed) => client.Mode < needed && !client.LogOnly;

    private async ValueTask<Authorisation> CompileAsync(string text, string? name, ClientProfile client, CancellationToken cancellation)
    {
        CompiledOperation compiled = await operations.CompileAsync(text, name, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return new Authorisation(null, ErrorsFor(client, compiled.Errors));
        }

        if (operation.IntrospectionField is { } field && client.Mode != ClientMode.FreeText)
        {
            if (!client.LogOnly)
            {
                return Authorisation.Refused(new IntrospectionNotAllowedError(field));
            }

            LogMessages.NotAllowedButDone(logger, client.Name, client.Mode.ToString(), "look at the schema with", name ?? "anonymous", OperationCompiler.IdOf(text));
        }

        return new Authorisation(operation, []) { Limit = client.PriceLimit };
    }

    /// <summary>Errors as a client may read them: without names of the schema where it may not look at that.</summary>
    internal static IReadOnlyList<RequestError> ErrorsFor(ClientProfile client, IReadOnlyList<RequestError> errors) =>
        client.MayReadSchema ? errors : [.. errors.Select(EngineErrors.WithoutSuggestion)];

    private static Dictionary<string, object> WrongHash(string sent, string hash) => new()
    {
        ["sha256Hash"] = sent,
        ["expectedHashValue"] = hash,
        ["expectedHashType"] = "sha256Hash",
        ["expectedHashFormat"] = "Hex",
        ["persisted"] = false,
    };

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
