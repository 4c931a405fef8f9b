using System.Globalization;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>A row that may be about the same thing as another: a possible duplicate.</summary>
public sealed class SimilarRowType : ObjectGraphType
{
    public const string Distance = "distanceMetres";
    public const string Score = "score";

    /// <param name="name">The type's name.</param>
    /// <param name="description">The type's description in the schema.</param>
    /// <param name="row">The row's type; the field that holds the row is named after it.</param>
    public SimilarRowType(string name, string description, IObjectGraphType row)
    {
        Name = name;
        Description = description;
        RowField = char.ToLowerInvariant(row.Name[0]) + row.Name[1..];
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field(RowField, new NonNullGraphType(row)).Description("What was found.");
        Field<NonNullGraphType<FloatGraphType>>(Distance).Description("How far apart the two are, in metres on the spheroid of WGS 84.");
        Field<NonNullGraphType<FloatGraphType>>(Score)
            .Description(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"How likely it is the same thing, from 0 to 1: {SimilarityScore.LocationWeight:0.0} for the same place, falling to 0 "
                        + $"at `withinMetres`, {SimilarityScore.TimeWeight:0.0} for the same time, falling to 0 at `withinDays`, and "
                        + $"{SimilarityScore.TextWeight:0.0} for the same words (trigrams in common). Where one of the two has no words, "
                        + $"the first two count alone, in the same proportion."));
    }

    /// <summary>The field that holds the row.</summary>
    public string RowField { get; }

    /// <summary>A list of similar rows as a field of a row.</summary>
    internal FieldType Nested(IObjectGraphType parent, string name, string description, Similarity by) =>
        new SimilarRowsBinding(by).AttachTo(parent.AddField(
            new FieldType { Name = name, ResolvedType = List, Description = description, Arguments = new QueryArguments(Page()) }));

    /// <summary>A list of similar rows for a draft of a row.</summary>
    internal FieldType OfDraft(
        IObjectGraphType query,
        string name,
        string description,
        SimilarToDraftBinding binding,
        string tenantDescription,
        string groupDescription) =>
        binding.AttachTo(query.AddField(new FieldType
        {
            Name = name,
            ResolvedType = List,
            Description = description,
            Arguments = new QueryArguments(
            [
                new QueryArgument<NonNullGraphType<StringGraphType>> { Name = binding.Tenant.Name, Description = tenantDescription },
                new QueryArgument<NonNullGraphType<StringGraphType>> { Name = binding.GroupArgument, Description = groupDescription },
                new QueryArgument<NonNullGraphType<PositionInput>>
                {
                    Name = SimilarToDraftBinding.PositionArgument,
                    Description = "Where it is.",
                },
                new QueryArgument<StringGraphType>
                {
                    Name = SimilarToDraftBinding.TextArgument,
                    Description = $"What was written so far; at most {Limits.SimilarTextCharsMax} characters of it are compared.",
                },
                .. Page(),
            ]),
        }));

    private NonNullGraphType List => new(new ListGraphType(new NonNullGraphType(this)));

    private static QueryArgument[] Page() =>
    [
        new QueryArgument<IntGraphType>
        {
            Name = SimilarRowsBinding.FirstArgument,
            Description = $"How many of the best to return, {Limits.SimilarRowsDefault} when left out, at most {Limits.PageRowsMax}.",
        },
        new QueryArgument<FloatGraphType>
        {
            Name = SimilarRowsBinding.MetresArgument,
            Description =
                $"How far apart they may be, in metres: {Limits.SimilarMetresDefault} when left out, "
                    + $"above 0, at most {Limits.SimilarMetresMax}.",
        },
        new QueryArgument<IntGraphType>
        {
            Name = SimilarRowsBinding.DaysArgument,
            Description =
                $"How many days may lie between them: {Limits.SimilarDaysDefault} when left out, "
                    + $"at least 1, at most {Limits.SimilarDaysMax}.",
        },
    ];
}

/// <summary>The weights of a similarity score; their sum is 1.</summary>
internal static class SimilarityScore
{
    public const double LocationWeight = 0.4;
    public const double TimeWeight = 0.2;
    public const double TextWeight = 0.4;
}
