using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Schema;

/// <summary>Who may keep a response, as in HotChocolate's <c>@cacheControl</c>.</summary>
public sealed class CacheControlScopeType : EnumerationGraphType
{
    public CacheControlScopeType()
    {
        Name = "CacheControlScope";
        Description = "Who may keep an answer.";
        Add(new EnumValueDefinition("PUBLIC", "PUBLIC") { Description = "Everybody, shared caches too." });
        Add(new EnumValueDefinition("PRIVATE", "PRIVATE") { Description = "Only the one who asked." });
    }
}

/// <summary><c>@cacheControl</c>: HotChocolate's directive with our <c>staleWhileRevalidate</c>.</summary>
public sealed class CacheControlDirective : Directive
{
    public const string DirectiveName = "cacheControl";

    public CacheControlDirective()
        : base(
            DirectiveName,
            DirectiveLocation.Object,
            DirectiveLocation.FieldDefinition,
            DirectiveLocation.Interface,
            DirectiveLocation.Union)
    {
        Description = "How long an answer that holds the field may be kept. The lowest of an answer's fields counts.";
        Arguments = new QueryArguments(
            new QueryArgument<IntGraphType> { Name = "maxAge", Description = "Seconds that any cache may keep it." },
            new QueryArgument<IntGraphType> { Name = "sharedMaxAge", Description = "Seconds that a shared cache may keep it." },
            new QueryArgument<IntGraphType>
            {
                Name = "staleWhileRevalidate",
                Description = "Seconds that a cache may go on serving it while it asks again (RFC 5861).",
            },
            new QueryArgument<BooleanGraphType> { Name = "inheritMaxAge", Description = "Whether the parent field's age counts." },
            new QueryArgument<CacheControlScopeType> { Name = "scope", Description = "Who may keep it." },
            new QueryArgument<ListGraphType<StringGraphType>>
            {
                Name = "vary",
                Description = "Request headers that the answer depends on.",
            });
    }
}

/// <summary>The cache policy of a field, from <c>@cacheControl</c>, or of a response.</summary>
/// <param name="MaxAgeSeconds">Zero: not cached.</param>
/// <param name="StaleWhileRevalidateSeconds">Zero: never served stale.</param>
public sealed record CachePolicy(int MaxAgeSeconds, int StaleWhileRevalidateSeconds)
{
    private const string MetadataKey = "CityHelper.CachePolicy";

    /// <summary>The policy of fields without <c>@cacheControl</c>, and of responses with errors.</summary>
    public static CachePolicy None { get; } = new(0, 0);

    /// <summary>The value of the <c>Cache-Control</c> header.</summary>
    public string Header => MaxAgeSeconds == 0
        ? "no-store"
        : StaleWhileRevalidateSeconds == 0
            ? $"public, max-age={MaxAgeSeconds}"
            : $"public, max-age={MaxAgeSeconds}, stale-while-revalidate={StaleWhileRevalidateSeconds}";

    /// <summary>The policy of a response that holds both.</summary>
    public CachePolicy And(CachePolicy other) => new(
        Math.Min(MaxAgeSeconds, other.MaxAgeSeconds),
        Math.Min(StaleWhileRevalidateSeconds, other.StaleWhileRevalidateSeconds));

    internal static CachePolicy? Of(FieldType field) => field.GetMetadata<CachePolicy?>(MetadataKey);

    internal void AttachTo(FieldType field)
    {
        field.WithMetadata(MetadataKey, this);
        field.ApplyDirective(CacheControlDirective.DirectiveName, directive =>
        {
            directive.AddArgument(new DirectiveArgument("maxAge") { Value = MaxAgeSeconds });
            directive.AddArgument(new DirectiveArgument("staleWhileRevalidate") { Value = StaleWhileRevalidateSeconds });
        });
    }
}

/// <summary>Sets cache policies where fields are declared.</summary>
public static class CachePolicyExtensions
{
    /// <summary>Lets any cache keep responses with the field, and serve them stale for a further time.</summary>
    public static FieldType CacheFor(this FieldType field, int maxAgeSeconds, int staleWhileRevalidateSeconds)
    {
        new CachePolicy(maxAgeSeconds, staleWhileRevalidateSeconds).AttachTo(field);
        return field;
    }
}
