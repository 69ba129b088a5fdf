// Words of English and of code that are one token. A text with few of them is in another language, or in none.
const words = `
  a able abort about above abstract accept acceptance accepts access actions actual actually adapter additional
  address adds advice after again agent agree align all allow allowed allows already also always am amazing an and
  animals another any anything apple application applications apply appreciate architecture are args argument
  arguments around array arrays as assert async at attribute author authorization auto available avatar await away
  awesome back background badge balance base based baseline bash basketball be beach beauty because become been
  before being believe benchmark benchmarks best better between binary bind black blank blast blob blue board body
  book books boolean both braces branch break bring brings browser browsers buffer build builder building built
  business busy but by bytes cache call callback called calls camping can cannot captured care case catch cause
  center challenges chance change changed changes character characters charset chat check child children chocolate
  chunk circular class classes client clone close coconut code codec collection collective color colors come comfort
  coming command commands commit commits common community compatibility compatible compile compiler complete
  compression computer condition config configurable configuration configured connect connection console const
  constants constraints constructor consumer contain container containing contains content contents context continue
  contribute contributing control controller controllers convert cookie cool copy core cors could count court
  coverage crazy cream create created creates creating creative creator credentials current currently custom cute
  dairy dance dancers dancing data date david day days debug declare decode decorate decorator decorators deep
  default defaults define defined defines definitely definition definitions delay delete delta dependencies
  dependency dependent deprecated deps description descriptor design destroy details detect determined developer did
  difference different directly directory disable discord display disposition do docs documentation does doing done
  down download downloads dream dreams duplicate during dynamic each easy editor education effort either element
  else embedding empty enable enabled encode encoded encoding encouragement energy enjoy ensure entire entities
  entity entries entry enum enums environment equal error errors escape especially even event events ever every
  everyone everything example examples exception exceptions excited exciting excluded execution existing exists exit
  expand expect expected experience explore exploring export exports express expression extend extends external
  extra extract face factory failed fallback false family fantasy fast favorite features feel feeling feels felt
  fetch few field file filename files fill filled filter filters finally find finding finished first flag flat
  focused follow following food for form format formats forward forwarded found framework free fresh friday friends
  from front full function functions future game games gaming gateway gave generate generated generation generator
  get gets getting github give given gives giving glad global go goals going gonna good google got graph great group
  groups grow guard guards guide had hand handle handler happen happened happening happiness happy hard has have
  haven having he head header headers health hear hello help helped helpers helping helps her here high highest
  hiking him his holding home homeless hook hooks hope host hostname how href html http https huge i idea ideas
  identifier if ignore image images impact import important imports improve in include includes including incredible
  index info information init inject injection injector input inspect inspector inspired inspiring install
  installation instance instanceof instances instantiate instead integer interceptor interesting interface
  interfaces internal into invalid is issue issues it item items iterator its java javascript join journey json just
  keep keeps keys keyword kids kind kindness know label language large last lately later learn learning legacy
  length let level levels library license life like limit line link linked links list listen listening little load
  local logger logo logs long look looking looks lookup lost lots love loved loving lower lucky made magical main
  major make makes making man many mapping mark master match matches matching maximum may maybe me mean means media
  memories memory men mental merge merged message messages meta metadata method methods middle middleware might mime
  mind minor missing mode model module modules moment moments month more most motivated movie movies much multiple
  music must my myself name named names native nature need needed needs nest nested never new next nice no node none
  normalize normalized not note notes nothing now null number object objects of off old on once one ones online only
  open opening option optional options opts or order organization origin original other others otherwise our
  ourselves out output outside over override own package packages painting param parameter parameters params parent
  park parse parsed parser parsing part parts pass passed passion patch path paths pattern patterns payload peace
  peaceful people performance person pets photo photography picture piece pipe pipes place places plain plan plans
  platform play playing please plugin plugins plus port positive possible post potential powerful prefix pretty
  primitive print priority private problem process progress project projects promise prompt prompts properties
  property protected proto prototype proud provide provided provider providers provides proxy public push pushing
  put query queue random range ranges reach react read readable reader reading readonly ready real really recently
  recipe record redirect redis reference references reflect regex register registered registry regular related
  release releases remember remind reminded reminder reminds remove repl replace reply request requests require
  required resolution resolve resolved resolver response result results retry return returned returns rewarding ride
  right rock room root route router routes running runs runtime safe same sampled samples save say schema schemas
  scope screen script search second secret section secure security see seeing self send sense sent serialize
  serializer series server service session set setting settings setup share shared shares sharing she shelter
  shields short should show shutdown side sign signal simple since single site sitting size skills skip slash small
  snapshot so socket software some someone something soon sorry sounds source spawn spec special specific
  specification specified specifies sponsor sponsors sports spot spread stack standalone standard standing star
  start started starting starts stat state static stats status stay staying stdout step still stop storage store
  stories story stream streaming strength strict string stringify strings strip strong structure structured studio
  stuff style success such suffix summary sunset super support supported supporting supports sure sweet symbol sync
  syntax system table take takes taking talk talked target team tell ten test testing tests text than thanks that
  the their them then there these they thing things think thinking third this those though three through throw
  throws time timeout times timestamp title to together token tokenizer tokens too took tool tools totally tough
  tournament trace trailing transform transformer transient tree trip true truly trust try trying tslib turtles two
  type typed typeof types uint undefined under underlying understand unique unknown unsupported up update updated us
  usage use used useful user users uses using util utils uuid valid validate validated validation validator valign
  value values variable vary version versions very video view visit void volunteering wait walk walking want wanted
  warn warning was watch watching way we website week weekend well went were what when where whether which while
  white who why width wiki wikipedia wild wildcard will windows winning with without woman words work workflows
  working works workspace world worries worth would wrapper write writing written yeah year years yes yesterday yoga
  you young your yourself`

export const knownWords: ReadonlySet<string> = new Set(words.trim().split(/\s+/))
