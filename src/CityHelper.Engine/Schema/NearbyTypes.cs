using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>A point on the earth, given by a client.</summary>
public sealed class PositionInput : InputObjectGraphType
{
    public const string Longitude = "longitude";
    public const string Latitude = "latitude";

    public PositionInput()
    {
        Name = "PositionInput";
        Description = "A place in degrees of WGS 84.";
        Field<NonNullGraphType<FloatGraphType>>(Longitude).Description("The longitude, -180 to 180.");
        Field<NonNullGraphType<FloatGraphType>>(Latitude).Description("The latitude, -90 to 90.");
    }
}

/// <summary>An edge with the distance of its row.</summary>
public sealed class NearbyEdgeType : ObjectGraphType
{
    public const string Distance = "distanceMetres";

    public NearbyEdgeType(string name, IObjectGraphType row)
    {
        Name = name;
        Description = "An edge in a connection.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<StringGraphType>>("cursor").Description("A cursor for use in pagination.");
        Field<NonNullGraphType<FloatGraphType>>(Distance)
            .Description("How far it is from the position, in metres on the spheroid of WGS 84.");
        Field("node", new NonNullGraphType(row)).Description("The item at the end of the edge.");
    }
}

/// <summary>A connection whose edges have a distance. It has no <c>totalCount</c>: the number of near rows takes another query.</summary>
public sealed class NearbyConnectionType : ObjectGraphType
{
    public NearbyConnectionType(string fieldName, IObjectGraphType row)
    {
        string prefix = char.ToUpperInvariant(fieldName[0]) + fieldName[1..];
        Name = prefix + "Connection";
        Description = "A connection to a list of items, nearest first.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<PageInfoType>>("pageInfo").Description("Information to aid in pagination.");
        Field("edges", new ListGraphType(new NonNullGraphType(new NearbyEdgeType(prefix + "Edge", row)))).Description("A list of edges.");
        Field("nodes", new ListGraphType(new NonNullGraphType(row))).Description("A flattened list of the nodes.");
    }

    /// <summary>The arguments of such a connection, in order.</summary>
    internal static QueryArguments Arguments(NearbyBinding binding, string tenantDescription) =>
        new(
            new QueryArgument<IntGraphType>
            {
                Name = ConnectionBinding.FirstArgument,
                Description =
                    $"Returns the first _n_ elements from the list, {Limits.PageRowsDefault} when left out, at most {Limits.PageRowsMax}.",
            },
            new QueryArgument<StringGraphType>
            {
                Name = ConnectionBinding.AfterArgument,
                Description = "Returns the elements in the list that come after the specified cursor.",
            },
            new QueryArgument<NonNullGraphType<StringGraphType>> { Name = binding.Tenant.Name, Description = tenantDescription },
            new QueryArgument<NonNullGraphType<PositionInput>>
            {
                Name = NearbyBinding.PositionArgument,
                Description = "Where distances are measured from.",
            },
            new QueryArgument<NonNullGraphType<FloatGraphType>>
            {
                Name = NearbyBinding.MetresArgument,
                Description =
                    $"Only rows that are at most so far away, in metres: above 0, at most {Limits.NearbyMetresMax}. "
                        + "Rows without a location never are.",
            },
            new QueryArgument(binding.Rows.Filter)
            {
                Name = ConnectionBinding.FilterArgument,
                Description = "Only rows for which this holds.",
            });
}
